// Platform files that may be broken: what can be seen in the text, and a trial in a child process.
//
// Models: nothing. SimGrid aborts the process on many errors of a platform file, and after those that it throws it
// holds half a platform. So a file is first loaded in a child process; only a file that survives is loaded here.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace raysim::sg {

// The text of a platform file. Throws std::invalid_argument when it cannot be read, is not XML, or asks for what this
// adapter does not model (values that change over time, options of SimGrid).
std::string read_platform_text(const std::string& path);

// Runs `trial` in a child process. Nothing when it returned; else why not: the message of the exception, or what
// SimGrid said when it aborted.
std::optional<std::string> complaint_of(const std::function<void()>& trial);

}  // namespace raysim::sg
