#include "scenarios/load_program.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

constexpr const char* symbol = "raysim_program";

const ray::Program& open(const ProgramFile& file) {
  const auto fail = [&](const std::string& what) {
    throw InputError(file.source, file.place.line, file.place.column, file.path + ": " + what);
  };
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file.path, ignored)) fail("there is no such file, expected a shared object");
  // Without a slash the loader would search the system's folders.
  const std::string path = std::filesystem::absolute(file.path).string();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    fail(fmt::format("cannot be loaded ({}), expected a shared object built with raysim/ray.hpp",
                     on_one_line(dlerror(), 300)));
  const void* found = dlsym(library, symbol);
  if (found == nullptr)
    fail(
        fmt::format("has no symbol '{}', expected `const ray::Program {}{{driver}};` outside of any namespace in one "
                    "of its files",
                    symbol, symbol));
  const auto& program = *static_cast<const ray::Program*>(found);
  if (program.abi != ray::host::abi_version)
    fail(
        fmt::format("built for version {} of the program interface, expected {}: build it again with the "
                    "raysim/ray.hpp of this raysim",
                    program.abi, ray::host::abi_version));
  if (program.library != ray::host::library_layout)
    fail(
        "built with another C++ library than raysim, or in its debug mode, expected the one of raysim: build it again "
        "without such options");
  return program;
}

// Reads a setting as what the parameter is usually.
struct Read {
  const std::string& text;

  bool operator()(bool& value) const {
    value = text == "true";
    return text == "true" || text == "false";
  }
  bool operator()(std::int64_t& value) const { return whole(value); }
  bool operator()(double& value) const { return whole(value); }
  bool operator()(std::string_view& value) const {
    value = text;
    return true;
  }

 private:
  bool whole(auto& value) const {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    return parsed.ec == std::errc() && parsed.ptr == end;
  }
};

const char* expected(const ray::host::Parameter& parameter) {
  constexpr const char* kinds[] = {"true or false", "a whole number", "a number", "text"};
  return kinds[parameter.value.index()];
}

void set_parameters(const ProgramFile& file, std::vector<ray::host::Parameter>& parameters) {
  std::vector<std::string_view> names;
  for (const ray::host::Parameter& parameter : parameters) names.push_back(parameter.name);
  for (const auto& [name, setting] : file.parameters) {
    const auto fail = [&, place = setting.place, &source = setting.source](const std::string& what) {
      throw InputError(source, place.line, place.column, what);
    };
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail(fmt::format("the program has no parameter {}, expected {}{}", in_quotes(name),
                       names.empty() ? "none" : "one of " + listed(names), suggestion(name, names)));
    ray::host::Parameter& parameter = parameters[static_cast<std::size_t>(found - names.begin())];
    if (!std::visit(Read{setting.text}, parameter.value))
      fail(fmt::format("parameter {} is {}, expected {}", in_quotes(name), in_quotes(setting.text),
                       expected(parameter)));
  }
}

}  // namespace

LoadedProgram load_program(const ProgramFile& file) {
  LoadedProgram loaded;
  loaded.program = &open(file);
  const auto declared = loaded.program->parameters();
  loaded.parameters.assign(declared.begin(), declared.end());
  set_parameters(file, loaded.parameters);
  return loaded;
}

}  // namespace raysim
