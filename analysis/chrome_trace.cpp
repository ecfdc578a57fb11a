#include "analysis/chrome_trace.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace raysim {

namespace {

constexpr std::size_t buffer_size = std::size_t{1} << 16;

std::string escaped(const std::string& name) {
  const std::string quoted = nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// Microseconds, to the nanosecond.
std::string microseconds(std::int64_t ns) {
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", std::abs(ns) / 1000, std::abs(ns) % 1000);
}

std::string_view state_of(AttemptOutcome outcome) {
  return outcome == AttemptOutcome::finished ? "FINISHED" : "FAILED";
}

// Chrome's own colour names; Ray takes the first for tasks.
std::string_view colour_of(AttemptOutcome outcome) {
  return outcome == AttemptOutcome::finished ? "generic_work" : "terrible";
}

}  // namespace

ChromeTrace::ChromeTrace(std::ostream& out, const RunHeader& header) : out_(out), header_(header) {
  for (const std::string& name : header.functions) functions_.push_back(escaped(name));
  buffer_ = "[";
  for (std::size_t i = 0; i < header.nodes.size(); ++i) {
    event(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":"Node {}"}}}})", i,
                      escaped(header.nodes[i].name)));
    event(fmt::format(R"({{"ph":"M","name":"process_sort_index","pid":{},"args":{{"sort_index":{}}}}})", i, i));
  }
}

void ChromeTrace::on_attempt(const AttemptRecord& attempt) {
  if (workers_.insert(attempt.worker).second)
    event(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"worker:{}"}}}})",
                      attempt.node, attempt.worker, attempt.worker));
  const std::string& name = functions_[attempt.function];
  event(fmt::format(
      R"({{"ph":"X","cat":"task::{}","name":"task::{}","pid":{},"tid":{},"ts":{},"dur":{},"cname":"{}",)"
      R"("args":{{"name":"{}","task_id":"{:016x}","attempt_number":{},"func_or_class_name":"{}","state":"{}",)"
      R"("submitted_us":{},"scheduling_delay_us":{}}}}})",
      name, name, attempt.node, attempt.worker, microseconds(attempt.started.ns),
      microseconds((attempt.ended - attempt.started).ns), colour_of(attempt.outcome), name, attempt.task,
      attempt.attempt, name, state_of(attempt.outcome), microseconds(attempt.submitted.ns),
      microseconds((attempt.pushed - attempt.resolved).ns)));
}

bool ChromeTrace::finish() {
  buffer_ += "\n]\n";
  write_buffer();
  out_.flush();
  return static_cast<bool>(out_);
}

void ChromeTrace::event(const std::string& json) {
  buffer_ += first_ ? "\n" : ",\n";
  buffer_ += json;
  first_ = false;
  if (buffer_.size() >= buffer_size) write_buffer();
}

void ChromeTrace::write_buffer() {
  out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
}

}  // namespace raysim
