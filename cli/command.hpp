// What every command of raysim has in common.
//
// Models: exit codes, and how a command joins the command line: it adds a subcommand with its options, and when that is
// chosen, puts what is to be done into `chosen`. Leaves out: the doing; each command has a file of its own.
// Invariants: a mistake of the user is an InputError or CLI::ParseError and ends with ExitCode::bad_input; results go
// to stdout, everything else to stderr.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace raysim {

enum class ExitCode : int {
  ok = 0,
  failed = 1,        // the simulated program ended with an error that nobody expected, or an expectation failed
  bad_input = 2,     // nothing was simulated
  interrupted = 130  // Ctrl-C, as shells count it
};

using Action = std::function<ExitCode()>;

// The program, from its arguments to its exit code: what main() does, and each run of a comparison or sweep.
int run_program(int argc, char** argv);

}  // namespace raysim
