#include "cli/run_batch.hpp"

#include <fmt/format.h>

#include <cstring>

#include "analysis/text_format.hpp"
#include "cli/process_pool.hpp"

namespace raysim {

namespace {

constexpr int most_jobs = 4096;

std::vector<std::string> arguments_of(const std::string& scenario, const PlannedRun& run) {
  // Names and values may begin with a dash, so that each stays in one word with its option.
  std::vector<std::string> words{
      "run", scenario, "--json", "--no-progress", "--policy=" + run.policy, fmt::format("--seed={}", run.seed)};
  if (run.plugin) words.push_back("--plugin=" + *run.plugin);
  for (const std::string& override : run.overrides) words.push_back("--set=" + override);
  return words;
}

FinishedRun finished(const ProcessResult& result) {
  FinishedRun run;
  run.run = read_run(result.exit_code, result.output, result.errors);
  run.exit_code = result.exit_code;
  run.killed = result.signal != 0;
  run.report = result.output;
  if (run.killed)
    run.run.message = fmt::format("its process was ended by signal {} ({})", result.signal, strsignal(result.signal));
  return run;
}

}  // namespace

void BatchProgress::update() {
  if (!line_.due()) return;
  line_.show(all_ > 0 ? static_cast<double>(done_) / static_cast<double>(all_) : 1,
             fmt::format("{} of {} runs, {:.3g} runs/s", count_text(done_), count_text(all_),
                         static_cast<double>(done_) / line_.seconds()));
}

void BatchOptions::add_to(CLI::App& command) {
  jobs = usable_cores();
  command.add_option("-j,--jobs", jobs, "Runs at a time; as many as there are cores when not given")
      ->check(CLI::Range(1, most_jobs))
      ->type_name("N");
  command.add_flag("--no-progress", no_progress, "No progress line, also on a terminal");
}

bool run_batch(const BatchOptions& options, std::size_t count, const std::function<PlannedRun(std::size_t)>& planned,
               BatchProgress& progress, const std::function<void(std::size_t, const FinishedRun&)>& on_end) {
  return run_self(
      count, options.jobs, [&](std::size_t i) { return arguments_of(options.scenario, planned(i)); },
      [&](std::size_t i, const ProcessResult& result) {
        on_end(i, finished(result));
        progress.one_more();
      },
      [&] { progress.update(); });
}

}  // namespace raysim
