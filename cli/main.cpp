// raysim: reads the command line and does what the chosen command says.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/check_command.hpp"
#include "cli/command.hpp"
#include "cli/compare_command.hpp"
#include "cli/conformance_command.hpp"
#include "cli/memory_command.hpp"
#include "cli/new_command.hpp"
#include "cli/run_command.hpp"
#include "cli/store_command.hpp"
#include "cli/sweep_command.hpp"
#include "cli/terminal.hpp"
#include "cli/validate_command.hpp"
#include "platforms/input_error.hpp"

namespace raysim {

namespace {

// Options of the chosen command, or the commands when none is.
std::vector<std::string> names_known_to(const CLI::App& app, bool options) {
  std::vector<std::string> names;
  if (options)
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  else
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
  return names;
}

// CLI11 knows that something is wrong; this says what, and what was meant.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto& chosen = app.get_subcommands();
  const CLI::App& scope = chosen.empty() ? app : *chosen.front();
  const std::string command = chosen.empty() ? "raysim" : "raysim " + scope.get_name();
  const std::vector<std::string> left = app.remaining(true);
  std::string text = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError) && !left.empty()) {
    const bool option = left.front().starts_with("-");
    const std::vector<std::string> names = names_known_to(scope, option);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string given = left.front().substr(0, left.front().find('='));
    if (option || chosen.empty())
      text = fmt::format("unknown {} {}, expected one of {}{}", option ? "option" : "command", in_quotes(given),
                         listed(known), suggestion(given, known));
    else
      text = fmt::format("{} is one argument too many", in_quotes(left.front()));
  } else {
    std::replace(text.begin(), text.end(), '\n', ' ');
  }
  return fmt::format("{}: {} (see {} --help)", command, text, command);
}

ExitCode run_command_line(int argc, char** argv) {
  CLI::App app{"raysim simulates Ray: what would it do with this program on that cluster?", "raysim"};
  app.set_version_flag("--version", "raysim " RAYSIM_VERSION, "The version");
  app.set_help_flag("-h,--help", "This text");
  app.get_formatter()->column_width(28);
  app.footer(
      "Examples:\n"
      "  raysim run scenarios/pi_60core.yaml\n"
      "  raysim check scenarios/pi_60core.yaml\n"
      "\n"
      "raysim COMMAND --help says more about a command.");
  Action action;
  add_run_command(app, action);
  add_check_command(app, action);
  add_memory_command(app, action);
  add_store_command(app, action);
  add_validate_command(app, action);
  add_conformance_command(app, action);
  add_new_command(app, action);
  add_compare_command(app, action);
  add_sweep_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    print_error(explain(app, error));
    return ExitCode::bad_input;
  }
  if (!action) {
    fmt::print(stderr, "{}", app.help());
    return ExitCode::bad_input;
  }
  return action();
}

}  // namespace

int run_program(int argc, char** argv) {
  try {
    return static_cast<int>(run_command_line(argc, argv));
  } catch (const InputError& error) {
    print_error(error.what());
  } catch (const std::exception& error) {
    print_error(std::string("raysim: ") + error.what());
  }
  return static_cast<int>(ExitCode::bad_input);
}

}  // namespace raysim

int main(int argc, char** argv) { return raysim::run_program(argc, argv); }
