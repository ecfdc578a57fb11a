// A file that an option names and a command writes.
//
// Models: opened before anything runs, so that a bad path costs no run. Leaves out: what is written.
// Invariants: every failure is an InputError that names the option, the path and the system's reason; no path, no file.
#pragma once

#include <fstream>
#include <functional>
#include <string>

namespace raysim {

class OutputFile {
 public:
  OutputFile(std::string option, std::string path);

  [[nodiscard]] bool wanted() const { return !path_.empty(); }
  [[nodiscard]] std::ostream& stream() { return file_; }
  // Writes the last of it, or all, by `write`, and closes the file.
  void finish(const std::function<void(std::ostream& out)>& write);

 private:
  [[noreturn]] void fail() const;

  std::string option_;
  std::string path_;
  std::ofstream file_;
};

}  // namespace raysim
