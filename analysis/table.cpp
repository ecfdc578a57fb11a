#include "analysis/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/text_format.hpp"

namespace raysim {

namespace {

constexpr std::size_t columns = 100;
constexpr std::size_t label_width = 16;
constexpr std::size_t value_width = 11;
constexpr std::size_t note_width = columns - 2 - label_width - 1 - value_width - 3;
constexpr std::size_t most_nodes = 12;  // more are cut down to
constexpr std::size_t most_groups = 8;
constexpr std::size_t most_jobs = 12;
constexpr std::size_t most_gpus = 16;
constexpr std::size_t first_nodes = 6;  // these and the extremes
constexpr std::size_t bar_width = 16;
constexpr std::size_t longest_name = 22;

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  [[nodiscard]] std::string bold(const std::string& text) const { return with("1", text); }
  [[nodiscard]] std::string dim(const std::string& text) const { return with("2", text); }
  [[nodiscard]] std::string red(const std::string& text) const { return with("31", text); }
  [[nodiscard]] std::string blue(const std::string& text) const { return with("34", text); }

 private:
  [[nodiscard]] std::string with(const char* code, const std::string& text) const {
    return on_ && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool on_;
};

// `text` filled up with blanks; colours must come after it, as they have no width.
std::string left(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}
std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + text;
}

// The last line of a text that is wrapped between words.
void wrap(std::vector<std::string>& lines, std::string_view text, std::size_t width) {
  while (width_of(text) > width) {
    std::size_t cut = text.rfind(' ', width);
    if (cut == std::string_view::npos || cut == 0) cut = width;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(text[cut] == ' ' ? cut + 1 : cut);
  }
  lines.emplace_back(text);
}

std::string plural(std::uint64_t count, const std::string& what) {
  return fmt::format("{} {}{}", count_text(count), what, count == 1 ? "" : "s");
}

class RunTable {
 public:
  RunTable(const RunReport& report, bool colours) : report_(report), paint_(colours) {}

  std::string text() {
    heading();
    outcome();
    times();
    if (report_.jobs.size() > 1) jobs();
    tasks();
    cluster();
    placement_groups();
    text_ += '\n';
    nodes();
    text_ += '\n';
    if (report_.gpus > 0) gpus();
    machine();
    return std::move(text_);
  }

 private:
  void row(const std::string& label, const std::string& value, const std::string& note) {
    std::vector<std::string> lines;
    wrap(lines, note, note_width);
    text_ += "  " + paint_.dim(left(label, label_width)) + ' ' + paint_.bold(right(value, value_width));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) text_ += std::string(2 + label_width + 1 + value_width, ' ');
      text_ += lines[i].empty() ? "\n" : "   " + lines[i] + '\n';
    }
  }

  void heading() {
    const RunReport& r = report_;
    if (!r.title.empty()) text_ += paint_.bold(shortened(r.title, columns)) + '\n';
    std::string rest = fmt::format(" on {} with {} CPUs, {}, policy {}, seed {}", plural(r.nodes.size(), "node"),
                                   number_text(r.cpus), r.profile, r.policy, r.seed);
    const std::size_t room = columns - std::min(columns, rest.size());
    text_ += paint_.dim(shortened(r.scenario, std::max<std::size_t>(room, 20)) + rest) + "\n\n";
  }

  // A program that ended well needs no word about it.
  void outcome() {
    const RunReport& r = report_;
    if (r.outcome == "ok") return;
    std::vector<std::string> lines;
    wrap(lines, r.outcome + (r.outcome_expected ? ", as expected" : "") + (r.message.empty() ? "" : ": ") + r.message,
         columns - 2 - label_width - 1);
    for (std::size_t i = 0; i < lines.size(); ++i)
      text_ += "  " + paint_.dim(left(i == 0 ? "outcome" : "", label_width)) + ' ' +
               (r.outcome_expected ? lines[i] : paint_.red(lines[i])) + '\n';
  }

  void bound(const std::string& label, Duration value, const std::string& meaning) {
    if (value.ns == 0) return;
    const bool comparable = report_.makespan.ns > 0 && !report_.unfinished;
    const double ratio = comparable ? report_.makespan.in_seconds() / value.in_seconds() : 0;
    row(label, duration_text(value),
        comparable ? fmt::format("makespan is {} that: {}", ratio_text(ratio), meaning) : meaning);
  }

  void times() {
    row("makespan", duration_text(report_.makespan), report_.unfinished ? "so far" : "");
    bound("ideal", report_.ideal, "the tasks' work spread over all CPUs");
    bound("critical path", report_.critical_path, "the longest chain of tasks");
    if (!report_.heft) return;
    if (report_.heft->makespan)
      bound("HEFT", *report_.heft->makespan, "an offline schedule of the same tasks, without overheads");
    else
      row("HEFT", "-", report_.heft->why_not);
  }

  // Each driver, while they are few.
  void jobs() {
    const auto& jobs = report_.jobs;
    for (std::size_t i = 0; i < std::min(jobs.size(), most_jobs); ++i) {
      const JobReport& job = jobs[i];
      const std::string end = job.ended ? duration_text(*job.ended - Time{}) : "not yet";
      std::string note = fmt::format("{}: {} to {}, {}", job.name, duration_text(job.started - Time{}), end,
                                     plural(job.finished, "task"));
      if (job.failed > 0) note += fmt::format(", {} failed", count_text(job.failed));
      if (job.open_tasks() > 0) note += fmt::format(", {} not finished", count_text(job.open_tasks()));
      if (job.outcome != "ok") note += ", " + paint_.red(job.outcome);
      row(i == 0 ? "jobs" : "", job.ended ? duration_text(*job.ended - job.started) : "-", note);
    }
    if (jobs.size() > most_jobs) row("", "", fmt::format("and {} more, see --json", jobs.size() - most_jobs));
  }

  void tasks() {
    const RunReport& r = report_;
    std::string states = count_text(r.finished) + " finished";
    if (r.failed > 0) states += ", " + paint_.red(count_text(r.failed) + " failed");
    if (r.open_tasks() > 0) states += ", " + count_text(r.open_tasks()) + " not finished";
    if (r.retried > 0) states += ", " + plural(r.retried, "attempt") + " retried";
    row("tasks", count_text(r.submitted), states);
    if (r.actors.created > 0) {
      std::string lives = count_text(r.actors.alive) + " alive at the end, " + count_text(r.actors.dead) + " dead";
      if (r.actors.restarts > 0) lives += ", " + plural(r.actors.restarts, "restart");
      row("actors", count_text(r.actors.created), lives);
    }
    const DelayReport& delay = r.scheduling_delay;
    if (r.finished > 0)
      row("scheduling delay", duration_text(delay.p50),
          fmt::format("median; p95 {}, p99 {}, max {}", duration_text(delay.p95), duration_text(delay.p99),
                      duration_text(delay.max)));
  }

  void cluster() {
    const RunReport& r = report_;
    row("CPU utilisation", percent_text(r.cpu_utilisation), "");
    if (r.gpus > 0)
      row("GPU utilisation", percent_text(r.gpu_utilisation), fmt::format("of {}", plural(r.gpus, "GPU")));
    row("workers started", count_text(r.workers_started), "");
    std::vector<std::pair<std::string, std::uint64_t>> kinds = r.messages_by_kind;
    std::stable_sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    constexpr std::size_t shown = 3;
    std::string note;
    for (std::size_t i = 0; i < std::min(shown, kinds.size()); ++i)
      note += fmt::format("{}{} {}", i == 0 ? "" : ", ", kinds[i].first, count_text(kinds[i].second));
    if (kinds.size() > shown) note += fmt::format(", {} more", kinds.size() - shown);
    row("messages", count_text(r.messages), note);
    objects();
  }

  void objects() {
    const StoreReport& store = report_.store;
    if (store.transfers > 0) {
      const LinkReport& most = store.links.front();
      row("transfers", bytes_text(store.transferred),
          fmt::format("{} from node to node; most from {} to {}, {}", plural(store.transfers, "object"), most.from,
                      most.to, bytes_text(most.sum.bytes)));
    }
    if (store.argument_waits > 0)
      row("arguments", duration_text(store.argument_wait.p50),
          fmt::format("median wait until they were on the node; p95 {}, max {}", duration_text(store.argument_wait.p95),
                      duration_text(store.argument_wait.max)));
    copies();
    const auto peak =
        std::max_element(report_.nodes.begin(), report_.nodes.end(),
                         [](const NodeReport& a, const NodeReport& b) { return a.store.peak < b.store.peak; });
    if (peak != report_.nodes.end() && peak->store.peak > Bytes{})
      row("object stores", bytes_text(peak->store.peak),
          fmt::format("the fullest, on {}; {} of {} reads were local", peak->name, count_text(store.local_reads),
                      count_text(store.reads)));
    if (store.spilled > Bytes{})
      row("spilled", bytes_text(store.spilled),
          fmt::format("written to disks; {} restored", bytes_text(store.restored)));
    if (store.fallback_peak > Bytes{})
      row("fallback files", bytes_text(store.fallback_peak),
          "at most on a node, of objects that had no room in memory");
    distributed_store();
    if (report_.oom_kills > 0)
      row("killed", count_text(report_.oom_kills), "workers, as their nodes were low on memory");
  }

  void copies() {
    using Cause = CopyRecord::Cause;
    const CopySummary& copies = report_.copies;
    if (copies.count == 0) return;
    row("device copies", bytes_text(copies.all()),
        fmt::format("{} to devices, {} from them, {} between them", bytes_text(copies.of(Cause::host_to_device)),
                    bytes_text(copies.of(Cause::device_to_host)), bytes_text(copies.of(Cause::device_to_device))));
  }

  void distributed_store() {
    bool first = true;
    for (const auto& [verb, sum] : report_.distributed_store.verbs) {
      if (sum.moved == Bytes{} && sum.failed == 0) continue;
      std::string note = fmt::format("{} {}, {} moved; longest {}", count_text(sum.count), verb, bytes_text(sum.moved),
                                     duration_text(sum.longest));
      if (sum.rebuilt > 0)
        note += fmt::format("; {} rebuilt", plural(static_cast<std::uint64_t>(sum.rebuilt), "piece"));
      if (sum.failed > 0) note += fmt::format("; {} failed", count_text(sum.failed));
      row(std::exchange(first, false) ? "store" : "", duration_text(sum.time), note);
    }
  }

  void machine() {
    const RunReport& r = report_;
    row("fingerprint", fmt::format("{:016x}", r.fingerprint), "");
    const Duration wall = Duration::seconds(r.wall_seconds);
    if (wall.ns <= 0) return;
    const double speed = r.makespan.in_seconds() / r.wall_seconds;
    const std::string rate = speed >= 1 ? fmt::format("{} faster than real time", ratio_text(speed))
                                        : fmt::format("{} slower than real time", ratio_text(1 / speed));
    row("wall time", duration_text(wall),
        fmt::format("{}; {}, {}/s", r.makespan.ns > 0 ? rate : "nothing was simulated", plural(r.events, "event"),
                    large_text(static_cast<double>(r.events) / r.wall_seconds)));
  }

  // "bob 2, alice 1": bundles by node, in the order of the bundles.
  static std::string bundles_by_node(const GroupReport& group) {
    std::vector<std::pair<std::string, std::size_t>> nodes;
    for (const std::string& node : group.nodes) {
      auto known = std::find_if(nodes.begin(), nodes.end(), [&](const auto& n) { return n.first == node; });
      if (known == nodes.end()) known = nodes.insert(nodes.end(), {node, 0});
      ++known->second;
    }
    std::string text;
    for (const auto& [node, count] : nodes)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", node.empty() ? "nowhere" : node, count);
    return text;
  }

  void placement_groups() {
    const auto& groups = report_.placement_groups;
    for (std::size_t i = 0; i < std::min(groups.size(), most_groups); ++i) {
      const GroupReport& group = groups[i];
      const std::string after = group.ready_after ? " after " + duration_text(*group.ready_after) : "";
      row(i == 0 ? "groups" : "", group.name,
          fmt::format("{} {}{}; bundles: {}", group.strategy, group.state, after, bundles_by_node(group)));
    }
    if (groups.size() > most_groups) row("", "", fmt::format("and {} more", groups.size() - most_groups));
  }

  // --- the nodes

  struct NodeLine {
    std::string name;
    double cpus;
    std::uint64_t tasks;
    double utilisation;
    std::uint64_t started;
  };

  [[nodiscard]] NodeLine line_of(std::size_t i, const std::string& remark = "") const {
    const NodeReport& n = report_.nodes[i];
    return {n.name + remark, n.cpus, n.tasks, n.cpu_utilisation, n.workers_started};
  }

  // The lines to show, and after which of them nodes are left out.
  std::vector<NodeLine> choose_nodes(std::size_t& gap_after, std::size_t& left_out) const {
    std::vector<NodeLine> lines;
    const auto& nodes = report_.nodes;
    gap_after = left_out = 0;
    const bool cut = nodes.size() > most_nodes;
    for (std::size_t i = 0; i < (cut ? first_nodes : nodes.size()); ++i) lines.push_back(line_of(i));
    if (!cut) return lines;
    const auto fewer = [](const NodeReport& a, const NodeReport& b) { return a.tasks < b.tasks; };
    const auto begin = nodes.begin() + first_nodes;
    const auto most = static_cast<std::size_t>(std::max_element(begin, nodes.end(), fewer) - nodes.begin());
    const auto least = static_cast<std::size_t>(std::min_element(begin, nodes.end(), fewer) - nodes.begin());
    gap_after = lines.size();
    left_out = nodes.size() - first_nodes;
    if (nodes[most].tasks == nodes[least].tasks) return lines;
    lines.push_back(line_of(most, " (most)"));
    lines.push_back(line_of(least, " (fewest)"));
    left_out -= 2;
    return lines;
  }

  void nodes() {
    std::size_t gap_after = 0;
    std::size_t left_out = 0;
    const std::vector<NodeLine> lines = choose_nodes(gap_after, left_out);
    std::size_t name_width = 6;
    for (const NodeLine& line : lines) name_width = std::max(name_width, std::min(longest_name, width_of(line.name)));
    text_ += paint_.dim("  " + left("node", name_width) + right("CPUs", 8) + right("tasks", 12) + right("", 9) +
                        right("utilisation", 13) + "  " + std::string(bar_width, ' ') + right("workers started", 16)) +
             '\n';
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (left_out > 0 && i == gap_after) gap(left_out);
      node_row(lines[i], name_width);
    }
    if (left_out > 0 && gap_after == lines.size()) gap(left_out);
    node_row({"all", report_.cpus, report_.finished, report_.cpu_utilisation, report_.workers_started}, name_width);
  }

  [[nodiscard]] bool uses_device_memory() const {
    for (const NodeReport& node : report_.nodes)
      for (const GpuReport& gpu : node.gpus)
        if (gpu.memory_peak > Bytes{}) return true;
    return false;
  }

  // Each GPU, while they are few.
  void gpus() {
    text_ += paint_.dim("  " + left("GPU", longest_name) + left("model", longest_name) + right("tasks", 8) +
                        (uses_device_memory() ? right("peak memory", 13) : "") + right("utilisation", 13)) +
             '\n';
    std::size_t shown = 0;
    for (const NodeReport& node : report_.nodes)
      for (std::size_t i = 0; i < node.gpus.size() && shown < most_gpus; ++i, ++shown)
        text_ += "  " + left(shortened(fmt::format("{} {}", node.name, i), longest_name - 1), longest_name) +
                 left(shortened(node.gpus[i].model, longest_name - 1), longest_name) +
                 paint_.bold(right(count_text(node.gpus[i].tasks), 8)) +
                 (uses_device_memory() ? right(bytes_text(node.gpus[i].memory_peak), 13) : "") +
                 right(percent_text(node.gpus[i].utilisation), 13) + "  " +
                 paint_.blue(bar(node.gpus[i].utilisation, true)) + paint_.dim(bar(node.gpus[i].utilisation, false)) +
                 '\n';
    if (shown < report_.gpus)
      text_ += paint_.dim(fmt::format("  ... {} more, see --json", count_text(report_.gpus - shown))) + '\n';
    text_ += '\n';
  }

  static std::string bar(double share, bool filled) {
    const auto full = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * bar_width));
    std::string text;
    for (std::size_t i = 0; i < (filled ? full : bar_width - full); ++i) text += filled ? "█" : "░";
    return text;
  }

  void gap(std::size_t left_out) {
    const auto begin = report_.nodes.begin() + first_nodes;
    const auto [low, high] = std::minmax_element(
        begin, report_.nodes.end(), [](const auto& a, const auto& b) { return a.cpu_utilisation < b.cpu_utilisation; });
    text_ += paint_.dim(fmt::format("  ... {} more, utilisation {} to {}", count_text(left_out),
                                    percent_text(low->cpu_utilisation), percent_text(high->cpu_utilisation))) +
             '\n';
  }

  void node_row(const NodeLine& line, std::size_t name_width) {
    const double all = static_cast<double>(std::max<std::uint64_t>(report_.finished, 1));
    text_ += "  " + left(shortened(line.name, longest_name), name_width) + right(number_text(line.cpus), 8) +
             paint_.bold(right(count_text(line.tasks), 12)) +
             paint_.dim(right(percent_text(static_cast<double>(line.tasks) / all), 9)) +
             right(percent_text(line.utilisation), 13) + "  " + paint_.blue(bar(line.utilisation, true)) +
             paint_.dim(bar(line.utilisation, false)) + right(count_text(line.started), 16) + '\n';
  }

  const RunReport& report_;
  Paint paint_;
  std::string text_;
};

}  // namespace

std::string run_table(const RunReport& report, bool colours) { return RunTable(report, colours).text(); }

}  // namespace raysim
