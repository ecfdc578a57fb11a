#include "cli/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "platforms/input_error.hpp"

namespace raysim {

OutputFile::OutputFile(std::string option, std::string path) : option_(std::move(option)), path_(std::move(path)) {
  if (!wanted()) return;
  errno = 0;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  if (!file_) fail();
}

void OutputFile::finish(const std::function<void(std::ostream& out)>& write) {
  if (!wanted()) return;
  errno = 0;
  write(file_);
  file_.close();
  if (!file_) fail();
}

void OutputFile::fail() const {
  const std::string why = errno != 0 ? std::strerror(errno) : "writing failed";
  throw InputError(option_, 0, 0,
                   in_quotes(path_) + " cannot be written (" + why + "), expected the path of a file to write");
}

}  // namespace raysim
