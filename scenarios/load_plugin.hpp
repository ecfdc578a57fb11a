// Policies from a shared object (`--plugin`).
//
// Models: the file is loaded, its interface version compared, each of its policies made once; then it makes policies for raylets. Leaves
// out: how they are asked (models/scheduling/plugin_policy.hpp).
// Invariants: every mistake in the file is an InputError that names it; a file stays loaded until the program ends, as
// its objects may.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "include/raysim/policy.hpp"
#include "models/scheduling/policy.hpp"

namespace raysim {

class LoadedPlugin {
 public:
  explicit LoadedPlugin(std::string file);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::span<const std::string_view> names() const { return names_; }
  // Null: the plugin has no policy of that name.
  [[nodiscard]] PolicyMaker maker(std::string_view name) const;
  // How often its policies said `nowhere` in all runs.
  [[nodiscard]] std::uint64_t waits() const { return *waits_; }

 private:
  [[noreturn]] void fail(const std::string& what) const;
  const plugin::Plugin& open() const;
  void read(const plugin::Plugin& plugin);

  std::string file_;
  std::vector<std::string_view> names_;
  std::vector<plugin::Entry> entries_;
  std::shared_ptr<std::uint64_t> waits_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace raysim
