#include "cli/new_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>

#include "platforms/input_error.hpp"
#include "platforms/yaml_tree.hpp"
#include "scenarios/data_root.hpp"

namespace raysim {

namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string name;
  std::string folder;
};

// What `raysim new KIND` writes.
struct Kind {
  std::string_view name;  // and that of its templates' folder
  std::string_view description;
  std::string_view header;  // that it needs
  // A template, and the file that it becomes; `@NAME@` stands for the name.
  std::array<std::pair<std::string_view, std::string_view>, 3> files;
  std::string_view use;
};

constexpr Kind policy{"policy",
                      "A scheduling policy: its file, its test, its build",
                      "raysim/policy.hpp",
                      {{{"policy.cpp.in", "@NAME@.cpp"},
                        {"policy_test.cpp.in", "@NAME@_test.cpp"},
                        {"CMakeLists.txt.in", "CMakeLists.txt"}}},
                      "raysim run @SCENARIO@ --plugin @DIR@/build/lib@NAME@.so --policy @NAME@"};
constexpr Kind program{
    "program",
    "A program in C++ with Ray's verbs: its file, a scenario, its build",
    "raysim/ray.hpp",
    {{{"program.cpp.in", "@NAME@.cpp"}, {"scenario.yaml.in", "@NAME@.yaml"}, {"CMakeLists.txt.in", "CMakeLists.txt"}}},
    "raysim run @DIR@/@NAME@.yaml"};

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           std::isdigit(static_cast<unsigned char>(c)) != 0;
  };
  if (name.empty() || std::islower(static_cast<unsigned char>(name.front())) == 0 ||
      !std::all_of(name.begin(), name.end(), allowed))
    throw InputError("NAME", 0, 0,
                     in_quotes(name) + ", expected a name of small letters, digits and '_', such as my_first");
}

// my_policy -> MyPolicy
std::string class_name(const std::string& name) {
  std::string result;
  bool start = true;
  for (const char c : name) {
    if (c != '_') result += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = c == '_';
  }
  return result;
}

// The folder of `header`: of the source tree, or where it was installed.
std::string include_folder(std::string_view header) {
  for (const char* place : {"include", "../../include"}) {
    const fs::path folder = fs::path(data_file(place)).lexically_normal();
    if (fs::exists(folder / header)) return fs::absolute(folder).string();
  }
  throw InputError("raysim new", 0, 0,
                   fmt::format("{} is neither in the source tree nor installed, expected it beside raysim", header));
}

// The folder of this program.
std::string own_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

// A scenario to try it on: that of the folder where the user is, else the shipped one.
std::string some_scenario() {
  constexpr std::string_view name = "scenarios/pi_60core.yaml";
  return fs::exists(name) ? std::string(name) : fs::path(data_file(name)).lexically_normal().string();
}

using Marks = std::map<std::string, std::string>;

std::string filled(std::string text, const Marks& marks) {
  for (const auto& [mark, value] : marks)
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  return text;
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw InputError("--dir", 0, 0, in_quotes(path.string()) + " cannot be written, expected a folder to write to");
}

ExitCode write_files(const Kind& kind, const NewOptions& options) {
  check_name(options.name);
  const fs::path folder = options.folder.empty() ? fs::path(options.name) : fs::path(options.folder);
  const Marks marks{{"@NAME@", options.name},
                    {"@CLASS@", class_name(options.name)},
                    {"@INCLUDE@", include_folder(kind.header)},
                    {"@SCENARIO@", some_scenario()},
                    {"@BIN@", own_folder()},
                    {"@DIR@", folder.string()}};
  const auto file = [&](std::string_view name) { return folder / filled(std::string(name), marks); };
  for (const auto& [from, to] : kind.files)
    if (fs::exists(file(to)))
      throw InputError("--dir", 0, 0, in_quotes(file(to).string()) + " exists already, expected a folder without it");
  std::error_code error;
  fs::create_directories(folder, error);
  for (const auto& [from, to] : kind.files) {
    const std::string path = data_file(fmt::format("templates/{}/{}", kind.name, from));
    write(file(to), filled(read_text_file(path, "a template"), marks));
    fmt::print("{}\n", file(to).string());
  }
  fmt::print(
      "\nBuild it, test it, use it:\n"
      "  cmake -S {0} -B {0}/build && cmake --build {0}/build && ctest --test-dir {0}/build\n"
      "  {1}\n",
      folder.string(), filled(std::string(kind.use), marks));
  return ExitCode::ok;
}

}  // namespace

void add_new_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("new", "Write the first files of something of your own");
  command.require_subcommand(1);
  for (const Kind* kind : {&policy, &program}) {
    CLI::App& writer = *command.add_subcommand(std::string(kind->name), std::string(kind->description));
    const auto options = std::make_shared<NewOptions>();
    writer.add_option("NAME", options->name, "Its name: small letters, digits and '_'")->required()->type_name("");
    writer.add_option("--dir", options->folder, "The folder to write to; NAME when not given")->type_name("DIR");
    writer.callback([=, &chosen] { chosen = [=] { return write_files(*kind, *options); }; });
  }
  command.footer(
      "Examples:\n"
      "  raysim new policy mine\n"
      "  raysim new program mine --dir my_programs/mine\n"
      "\n"
      "The pages docs/own_policy.md and docs/cpp_programs.md go on from here.");
}

}  // namespace raysim
