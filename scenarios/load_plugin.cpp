#include "scenarios/load_plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <utility>

#include "models/scheduling/plugin_policy.hpp"
#include "platforms/input_error.hpp"

namespace raysim {

namespace {

constexpr const char* symbol = "raysim_plugin";

std::string who(std::string_view name, const std::string& file) {
  return fmt::format("policy {} of {}", in_quotes(name), file);
}

// A new policy of an entry; throws PolicyError when the plugin cannot make one.
std::unique_ptr<plugin::Policy> make_one(const plugin::Entry& entry, const std::string& who) {
  std::unique_ptr<plugin::Policy> policy;
  try {
    policy.reset(entry.make());
  } catch (const std::exception& error) {
    throw PolicyError(who + ": making it threw: " + error.what());
  } catch (...) {
    throw PolicyError(who + ": making it threw something that is no std::exception");
  }
  if (!policy) throw PolicyError(who + ": making it gave nothing");
  return policy;
}

}  // namespace

LoadedPlugin::LoadedPlugin(std::string file) : file_(std::move(file)) { read(open()); }

void LoadedPlugin::fail(const std::string& what) const { throw InputError("--plugin", 0, 0, file_ + ": " + what); }

const plugin::Plugin& LoadedPlugin::open() const {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file_, ignored)) fail("there is no such file, expected a shared object");
  // Without a slash the loader would search the system's folders.
  const std::string path = std::filesystem::absolute(file_).string();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    fail(fmt::format("cannot be loaded ({}), expected a shared object built with raysim/policy.hpp",
                     on_one_line(dlerror(), 300)));
  const void* found = dlsym(library, symbol);
  if (found == nullptr)
    fail(
        fmt::format("has no symbol '{}', expected `const raysim::plugin::Plugin {}{{...}};` outside of any namespace "
                    "in one of its files",
                    symbol, symbol));
  return *static_cast<const plugin::Plugin*>(found);
}

void LoadedPlugin::read(const plugin::Plugin& plugin) {
  if (plugin.abi != plugin::abi_version)
    fail(
        fmt::format("built for version {} of the policy interface, expected {}: build it again with the "
                    "raysim/policy.hpp of this raysim",
                    plugin.abi, plugin::abi_version));
  if (plugin.count == 0 || plugin.count > plugin::Plugin::most)
    fail(fmt::format("holds {} policies, expected 1 to {}", plugin.count, plugin::Plugin::most));
  const auto own = policy_names();
  for (std::uint32_t i = 0; i < plugin.count; ++i) {
    const plugin::Entry& entry = plugin.entries[i];
    const std::string_view name = entry.name != nullptr ? entry.name : "";
    if (name.empty() || entry.make == nullptr) fail(fmt::format("policy {} has no name or no maker", i + 1));
    if (std::find(own.begin(), own.end(), name) != own.end())
      fail(fmt::format("its policy {} has the name of one of raysim's own, expected another name", in_quotes(name)));
    if (std::find(names_.begin(), names_.end(), name) != names_.end())
      fail(fmt::format("two policies are called {}, expected names that differ", in_quotes(name)));
    try {
      make_one(entry, who(name, file_));
    } catch (const PolicyError& error) {
      throw InputError("--plugin", 0, 0, error.what());
    }
    names_.push_back(name);
    entries_.push_back(entry);
  }
}

PolicyMaker LoadedPlugin::maker(std::string_view name) const {
  const auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) return {};
  return [entry = entries_[static_cast<std::size_t>(it - names_.begin())], waits = waits_, whose = who(name, file_)](
             const PolicySettings&) { return make_plugin_policy(make_one(entry, whose), whose, waits); };
}

}  // namespace raysim
