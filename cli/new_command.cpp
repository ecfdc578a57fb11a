#include "cli/new_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>

#include "platforms/input_error.hpp"
#include "platforms/yaml_tree.hpp"
#include "scenarios/data_root.hpp"

namespace raysim {

namespace {

namespace fs = std::filesystem;

struct NewPolicyOptions {
  std::string name;
  std::string folder;
};

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           std::isdigit(static_cast<unsigned char>(c)) != 0;
  };
  if (name.empty() || std::islower(static_cast<unsigned char>(name.front())) == 0 ||
      !std::all_of(name.begin(), name.end(), allowed))
    throw InputError("NAME", 0, 0,
                     in_quotes(name) + ", expected a name of small letters, digits and '_', such as my_policy");
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

// The folder of raysim/policy.hpp: of the source tree, or where it was installed.
std::string include_folder() {
  for (const char* place : {"include", "../../include"}) {
    const fs::path folder = fs::path(data_file(place)).lexically_normal();
    if (fs::exists(folder / "raysim/policy.hpp")) return fs::absolute(folder).string();
  }
  throw InputError("raysim new", 0, 0,
                   "raysim/policy.hpp is neither in the source tree nor installed, expected it beside raysim");
}

std::string filled(std::string text, const std::string& mark, const std::string& value) {
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

ExitCode write_policy(const NewPolicyOptions& options) {
  check_name(options.name);
  const std::string& name = options.name;
  const fs::path folder = options.folder.empty() ? fs::path(name) : fs::path(options.folder);
  const std::array<std::pair<std::string, std::string>, 3> files{{{"policy.cpp.in", name + ".cpp"},
                                                                  {"policy_test.cpp.in", name + "_test.cpp"},
                                                                  {"CMakeLists.txt.in", "CMakeLists.txt"}}};
  for (const auto& [from, to] : files)
    if (fs::exists(folder / to))
      throw InputError("--dir", 0, 0,
                       in_quotes((folder / to).string()) + " exists already, expected a folder without it");
  const std::string include = include_folder();
  std::error_code error;
  fs::create_directories(folder, error);
  for (const auto& [from, to] : files) {
    std::string text = read_text_file(data_file("templates/policy/" + from), "a template");
    text = filled(filled(filled(text, "@NAME@", name), "@CLASS@", class_name(name)), "@INCLUDE@", include);
    write(folder / to, text);
    fmt::print("{}\n", (folder / to).string());
  }
  const std::string place = folder.string();
  fmt::print(
      "\nBuild it, test it, use it:\n"
      "  cmake -S {0} -B {0}/build && cmake --build {0}/build && ctest --test-dir {0}/build\n"
      "  raysim run scenarios/pi_60core.yaml --plugin {0}/build/lib{1}.so --policy {1}\n",
      place, name);
  return ExitCode::ok;
}

}  // namespace

void add_new_command(CLI::App& app, Action& chosen) {
  CLI::App& command = *app.add_subcommand("new", "Write the first files of something of your own");
  CLI::App& policy = *command.add_subcommand("policy", "A scheduling policy: its file, its test, its build");
  command.require_subcommand(1);
  const auto options = std::make_shared<NewPolicyOptions>();
  policy.add_option("NAME", options->name, "Its name: small letters, digits and '_'")->required()->type_name("");
  policy.add_option("--dir", options->folder, "The folder to write to; NAME when not given")->type_name("DIR");
  command.footer(
      "Examples:\n"
      "  raysim new policy mine\n"
      "  raysim new policy mine --dir my_policies/mine\n"
      "\n"
      "The page docs/own_policy.md goes on from here.");
  policy.callback([options, &chosen] { chosen = [options] { return write_policy(*options); }; });
}

}  // namespace raysim
