// See platform_file.hpp.
#include "sim/simgrid/platform_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace raysim::sg {
namespace {

constexpr char exception_mark = '\x01';  // what follows it in the child's output is the message of an exception

std::string without_comments(std::string text) {
  for (std::size_t begin = text.find("<!--"); begin != std::string::npos; begin = text.find("<!--", begin)) {
    const std::size_t end = text.find("-->", begin + 4);
    if (end == std::string::npos) break;  // SimGrid will complain
    text.erase(begin, end + 3 - begin);
  }
  return text;
}

void refuse_what_is_not_modelled(const std::string& path, const std::string& text) {
  for (const char* word :
       {"<trace", "bandwidth_file", "latency_file", "state_file", "availability_file", "speed_file"}) {
    if (text.find(word) == std::string::npos) continue;
    throw std::invalid_argument("platform file '" + path + "': '" + word +
                                "' describes values that change over time, which are not supported");
  }
  if (text.find("<config") != std::string::npos) {
    throw std::invalid_argument("platform file '" + path + "': remove <config>; raysim sets SimGrid's options itself");
  }
}

[[noreturn]] void run_child(const std::function<void()>& trial, int output) {
  // A failure is expected here: no core file, and no handler of the parent (a test framework, a sanitizer).
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, SIG_DFL);
  // SimGrid flushes stdout, whose buffer may hold text of the parent: let it go nowhere.
  const int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) _exit(2);
  try {
    trial();
  } catch (const std::exception& error) {
    const std::string message = exception_mark + std::string(error.what());
    [[maybe_unused]] const auto written = write(output, message.data(), message.size());
    _exit(1);
  }
  _exit(0);
}

std::string read_all(int input) {
  std::string text;
  std::array<char, 4096> block{};
  while (true) {
    const ssize_t count = read(input, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
}

// What a child that did not survive said, in one readable piece.
std::string readable(const std::string& output) {
  if (const std::size_t mark = output.rfind(exception_mark); mark != std::string::npos) return output.substr(mark + 1);
  const std::string tag = "/CRITICAL] ";  // SimGrid's log: "[0.000000] [root/CRITICAL] message", then a backtrace
  if (const std::size_t at = output.find(tag); at != std::string::npos) {
    const std::size_t begin = at + tag.size();
    return output.substr(begin, output.find('\n', begin) - begin);
  }
  const std::size_t end = output.find_last_not_of('\n');
  if (end == std::string::npos) return "SimGrid crashed";
  const std::size_t before = output.rfind('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return "SimGrid crashed; last it said: " + output.substr(begin, end + 1 - begin);
}

}  // namespace

std::string read_platform_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::invalid_argument("platform file '" + path + "' cannot be read: " + std::strerror(errno));
  if (std::filesystem::is_directory(path)) {
    throw std::invalid_argument("platform file '" + path + "' cannot be read: it is a directory");
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != '<') {
    throw std::invalid_argument("platform file '" + path + "' is not XML");
  }
  refuse_what_is_not_modelled(path, without_comments(text));
  return text;
}

std::optional<std::string> complaint_of(const std::function<void()>& trial) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t child = fork();
  if (child < 0) {
    const int reason = errno;
    close(ends[0]);
    close(ends[1]);
    throw std::system_error(reason, std::generic_category(), "fork");
  }
  if (child == 0) {
    close(ends[0]);
    run_child(trial, ends[1]);
  }
  close(ends[1]);
  const std::string output = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return readable(output);
}

}  // namespace raysim::sg
