#include "analysis/chrome_trace.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

// As the environment variable of the task lists them; nothing for a task without GPUs.
std::string visible_devices(const AttemptRecord& attempt) {
  if (attempt.devices.empty()) return "";
  return fmt::format(R"(,"CUDA_VISIBLE_DEVICES":"{}")", fmt::join(attempt.devices, ","));
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

void ChromeTrace::on_function(const std::string& name) { functions_.push_back(escaped(name)); }

void ChromeTrace::on_attempt(const AttemptRecord& attempt) {
  if (workers_.insert(attempt.worker).second)
    event(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"worker:{}"}}}})",
                      attempt.node, attempt.worker, attempt.worker));
  const std::string& name = functions_[attempt.function];
  on_devices(attempt);
  event(fmt::format(
      R"({{"ph":"X","cat":"task::{}","name":"task::{}","pid":{},"tid":{},"ts":{},"dur":{},"cname":"{}",)"
      R"("args":{{"name":"{}","task_id":"{:016x}","attempt_number":{},"func_or_class_name":"{}","state":"{}",)"
      R"("submitted_us":{},"scheduling_delay_us":{}{}}}}})",
      name, name, attempt.node, attempt.worker, microseconds(attempt.started.ns),
      microseconds((attempt.ended - attempt.started).ns), colour_of(attempt.outcome), name, attempt.task,
      attempt.attempt, name, state_of(attempt.outcome), microseconds(attempt.submitted.ns),
      microseconds((attempt.pushed - attempt.resolved).ns), visible_devices(attempt)));
}

void ChromeTrace::on_devices(const AttemptRecord& attempt) {
  for (const std::uint32_t device : attempt.devices)
    event(fmt::format(R"({{"ph":"X","cat":"gpu","name":"task::{}","pid":{},"tid":{},"ts":{},"dur":{},"cname":"{}",)"
                      R"("args":{{"task_id":"{:016x}","worker":{},"share":{}}}}})",
                      functions_[attempt.function], attempt.node,
                      device_row(attempt.node, device, attempt.started, attempt.ended),
                      microseconds(attempt.started.ns), microseconds((attempt.ended - attempt.started).ns),
                      colour_of(attempt.outcome), attempt.task, attempt.worker,
                      attempt.gpus / static_cast<double>(attempt.devices.size())));
}

// Spans of a row must not overlap, so tasks that share a GPU get rows side by side. They come by their ends (nearly), so looking
// at each row's last one is enough.
std::uint64_t ChromeTrace::device_row(std::uint32_t node, std::uint32_t device, Time started, Time ended) {
  constexpr std::uint64_t beyond_workers = std::uint64_t{1} << 32;
  constexpr std::uint64_t rows_of_a_device = 10'000;  // of the smallest shares that Ray knows
  auto& ends = rows_[{node, device}];
  std::size_t row = 0;
  while (row < ends.size() && ends[row] > started) ++row;
  const std::uint64_t tid = beyond_workers + device * rows_of_a_device + row;
  if (row == ends.size()) {
    ends.emplace_back();
    const auto& devices = header_.nodes[node].devices;
    const std::string model = device < devices.size() && !devices[device].empty() ? " " + escaped(devices[device]) : "";
    event(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"GPU {}{}"}}}})", node, tid,
                      device, model));
    event(fmt::format(R"({{"ph":"M","name":"thread_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})", node,
                      tid, -1'000'000 + static_cast<std::int64_t>(tid - beyond_workers)));
  }
  ends[row] = std::max(ends[row], ended);
  return tid;
}

void ChromeTrace::on_store(const StoreRecord& store) {
  event(fmt::format(
      R"({{"ph":"C","name":"object store, bytes","pid":{},"ts":{},"args":{{"memory":{},"fallback files":{}}}}})",
      store.node, microseconds(store.at.ns), (store.used.count - store.fallback.count), store.fallback.count));
}

void ChromeTrace::on_device_memory(const DeviceMemoryRecord& memory) {
  event(fmt::format(R"({{"ph":"C","name":"GPU {} memory, bytes","pid":{},"ts":{},"args":{{"used":{}}}}})",
                    memory.device, memory.node, microseconds(memory.at.ns), memory.used.count));
}

void ChromeTrace::on_copy(const CopyRecord& copy) {
  static constexpr std::string_view names[] = {"host_to_device", "device_to_host", "device_to_device"};
  event(fmt::format(R"({{"ph":"X","cat":"copy","name":"copy::{}","pid":{},"tid":{},"ts":{},"dur":{},)"
                    R"("cname":"generic_work","args":{{"bytes":{}}}}})",
                    names[static_cast<std::size_t>(copy.cause)], copy.node,
                    device_row(copy.node, copy.device, copy.started, copy.ended), microseconds(copy.started.ns),
                    microseconds((copy.ended - copy.started).ns), copy.bytes.count));
}

void ChromeTrace::finish() {
  buffer_ += "\n]\n";
  write_buffer();
  out_.flush();
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
