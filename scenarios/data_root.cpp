#include "scenarios/data_root.hpp"

#include <cstdlib>
#include <filesystem>

namespace raysim {

namespace fs = std::filesystem;

namespace {

fs::path find_root() {
  if (const char* given = std::getenv("RAYSIM_DATA")) return given;
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  if (fs::exists(folder / "../share/raysim/models/profiles", ignored)) return folder / "../share/raysim";
  for (fs::path up = folder; up != up.root_path(); up = up.parent_path())
    if (fs::exists(up / "models/profiles", ignored)) return up;
  return fs::current_path();
}

}  // namespace

std::string data_file(std::string_view relative) {
  static const fs::path root = find_root();
  return (root / relative).string();
}

}  // namespace raysim
