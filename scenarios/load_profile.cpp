#include "scenarios/load_profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "models/messages.hpp"
#include "platforms/quantity.hpp"
#include "platforms/yaml_reader.hpp"
#include "scenarios/data_root.hpp"

namespace raysim {

namespace {

constexpr KeySpec profile_keys[]{{"profile", true}, {"extends"}, {"date", true},
                                 {"system_config"}, {"costs"},   {"messages"}};
constexpr MappingSpec profile_mapping{"profile", "a profile", profile_keys};
constexpr KeySpec value_keys[]{{"value", true}, {"source", true}, {"date", true}};
constexpr MappingSpec value_mapping{"profile_value", "a value of a profile", value_keys};
constexpr KeySpec message_keys[]{{"service", true}, {"sending", true}, {"aside", true},
                                 {"size", true},    {"source", true},  {"date", true}};
constexpr MappingSpec message_mapping{"profile_message", "a message of a profile", message_keys};

struct Assign {
  const YamlReader& value;
  void operator()(Duration* to) const { *to = value.duration(); }
  void operator()(Bytes* to) const { *to = value.bytes(); }
  void operator()(std::int64_t* to) const { *to = value.whole(-1); }
  void operator()(double* to) const { *to = value.number(0, 1e18); }
  void operator()(bool* to) const { *to = value.boolean(); }
  void operator()(std::string* to) const { *to = value.text("names with commas between"); }
};

// Periods of timers and sizes of pieces; zero would stop the clock.
constexpr std::array<std::string_view, 8> never_zero{"raylet_report_resources_period_milliseconds",
                                                     "ray_syncer_message_refresh_interval_ms",
                                                     "kill_idle_workers_interval_ms",
                                                     "core_worker_internal_heartbeat_ms",
                                                     "object_store_full_delay_ms",
                                                     "object_manager_timer_freq_ms",
                                                     "free_objects_period_milliseconds",
                                                     "object_manager_default_chunk_size"};

bool is_zero(const ProfileField& field) {
  if (const auto* const* duration = std::get_if<Duration*>(&field)) return **duration <= Duration{};
  if (const auto* const* bytes = std::get_if<Bytes*>(&field)) return **bytes <= Bytes{};
  const auto* const* number = std::get_if<double*>(&field);
  return number != nullptr && **number <= 0;
}

[[noreturn]] void fail_missing(const YamlReader& section, std::string_view name) {
  section.fail_at_key("missing '" + std::string(name) + "'", "a value for each name that the simulator knows");
}

// Whether a profile says everything, or only what differs from the one that it extends.
enum class Extent { whole, differences };

// Reads the fields that a mapping of that form has; in a whole profile nothing may be missing.
void read_fields(const YamlReader& section, const std::vector<NamedField>& fields, Extent extent) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const NamedField& field : fields) names.push_back(field.name);
  std::vector<bool> seen(fields.size());
  for (const YamlReader& entry : section.named_values("values by name")) {
    const auto it = std::find(names.begin(), names.end(), entry.key());
    if (it == names.end()) entry.fail_unknown("entry", entry.key(), names);
    const auto i = static_cast<std::size_t>(it - names.begin());
    seen[i] = true;
    const YamlMapping mapping = entry.mapping(value_mapping);
    const YamlReader value = mapping.at("value");
    std::visit(Assign{value}, fields[i].field);
  }
  if (extent == Extent::differences) return;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing != seen.end()) fail_missing(section, names[static_cast<std::size_t>(missing - seen.begin())]);
}

void read_messages(const YamlReader& section, MessageCosts& costs, Extent extent) {
  const auto names = message_kind_names();
  std::vector<bool> seen(names.size());
  seen[0] = true;  // timers and threads cost nothing as messages
  for (const YamlReader& entry : section.named_values("messages by name")) {
    const auto it = std::find(names.begin(), names.end(), entry.key());
    if (it == names.end()) entry.fail_unknown("message", entry.key(), names);
    const auto i = static_cast<std::size_t>(it - names.begin());
    seen[i] = true;
    const YamlMapping mapping = entry.mapping(message_mapping);
    costs[i] = {mapping.at("service").duration(), mapping.at("sending").duration(), mapping.at("aside").duration(),
                mapping.at("size").bytes()};
  }
  if (extent == Extent::differences) return;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing != seen.end()) fail_missing(section, names[static_cast<std::size_t>(missing - seen.begin())]);
}

void check_positive(const YamlReader& section, const std::vector<NamedField>& fields,
                    std::span<const std::string_view> names) {
  for (const NamedField& field : fields) {
    if (std::find(names.begin(), names.end(), field.name) == names.end()) continue;
    if (is_zero(field.field)) section.fail_at_key("'" + std::string(field.name) + "' is 0", "more than 0");
  }
}

constexpr std::array<std::string_view, 6> positive_costs{
    "tick", "time_slice", "low_weight", "idle_worker_period", "idle_driver_period", "idle_raylet_period"};

// The sections of a profile over what `profile` holds; a whole profile has all three.
void read_profile(const YamlReader& top, const YamlMapping& mapping, Extent extent, Profile& profile) {
  const auto section = [&](std::string_view key) {
    auto found = mapping.find(key);
    if (!found && extent == Extent::whole)
      top.fail("missing '" + std::string(key) + "'", "all sections, or a profile that this one extends");
    return found;
  };
  if (const auto settings = section("system_config")) {
    read_fields(*settings, system_config_fields(profile), extent);
    check_positive(*settings, system_config_fields(profile), never_zero);
  }
  if (const auto costs = section("costs")) {
    read_fields(*costs, cost_fields(profile), extent);
    check_positive(*costs, cost_fields(profile), positive_costs);
  }
  if (const auto messages = section("messages")) read_messages(*messages, profile.messages, extent);
}

// The profile of a name that is known. What another one extends, at `extended_at`, says everything itself: one look shows all of a
// value's places.
Profile read_profile_file(const std::string& name, std::span<const std::string_view> known,
                          const YamlReader* extended_at) {
  const std::string path = data_file("models/profiles/" + name + ".yaml");
  const YamlDocument document = parse_yaml(read_text_file(path, "a profile"), path);
  const YamlReader top(document);
  const YamlMapping mapping = top.mapping(profile_mapping);
  const auto base = mapping.find("extends");
  if (base && extended_at != nullptr) extended_at->fail(in_quotes(name) + " extends another one", "a whole profile");
  Profile profile;
  if (base) {
    profile = read_profile_file(base->one_of(known), known, &*base);
    profile.base = profile.name;
  }
  profile.name = mapping.at("profile").text();
  read_profile(top, mapping, base ? Extent::differences : Extent::whole, profile);
  return profile;
}

}  // namespace

Profile load_profile(std::string_view name) {
  const std::vector<std::string> names = profile_names();
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw InputError(
        "profile", 0, 0,
        "unknown profile " + in_quotes(name) + ", expected one of " + listed(known) + suggestion(name, known));
  return read_profile_file(std::string(name), known, nullptr);
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data_file("models/profiles")))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

// A value of `ray.system_config`, as text.
struct AssignText {
  static constexpr std::int64_t most_bytes = 900'000'000'000'000;

  const NamedField& field;
  const ConfigSetting& setting;

  [[noreturn]] void fail(const std::string& expected) const {
    const std::string found =
        "'" + std::string(field.name) + "' is " + in_quotes(setting.text) + ", expected " + expected;
    throw InputError(setting.source, setting.place.line, setting.place.column, found);
  }
  [[nodiscard]] bool number(auto& to) const {
    const char* end = setting.text.data() + setting.text.size();
    const auto parsed = std::from_chars(setting.text.data(), end, to);
    return parsed.ec == std::errc{} && parsed.ptr == end;
  }
  void operator()(Duration* to) const {
    std::int64_t plain = 0;
    if (number(plain)) {
      if (plain < 0 || plain > 1'000'000'000) fail("a number from 0 to 1000000000");
      *to = field.unit * plain;
      return;
    }
    try {
      *to = parse_duration(setting.text);
    } catch (const QuantityError& error) {
      fail(error.expected);
    }
  }
  void operator()(Bytes* to) const {
    std::int64_t plain = 0;
    if (number(plain)) {
      if (plain < 0 || plain > most_bytes) fail("bytes from 0 to " + std::to_string(most_bytes));
      *to = Bytes{plain};
      return;
    }
    try {
      *to = parse_bytes(setting.text);
    } catch (const QuantityError& error) {
      fail(error.expected);
    }
  }
  void operator()(std::int64_t* to) const {
    const std::int64_t most = field.name.ends_with("_bytes") ? most_bytes : 1'000'000'000;
    if (!number(*to) || *to < -1 || *to > most) fail("a whole number from -1 to " + std::to_string(most));
  }
  void operator()(double* to) const {
    if (!number(*to) || !(*to >= 0 && *to <= 1)) fail("a number from 0 to 1");
  }
  void operator()(bool* to) const {
    if (setting.text != "true" && setting.text != "false") fail("true or false");
    *to = setting.text == "true";
  }
  void operator()(std::string* to) const { *to = setting.text; }
};

}  // namespace

void apply_system_config(const ScenarioProgram& program, Profile& profile) {
  const auto fields = system_config_fields(profile);
  for (const auto& [name, setting] : program.ray.system_config) {
    const auto it =
        std::find_if(fields.begin(), fields.end(), [&, &n = name](const NamedField& f) { return f.name == n; });
    const AssignText assign{*it, setting};
    std::visit(assign, it->field);
    const bool must_be_more = std::find(never_zero.begin(), never_zero.end(), name) != never_zero.end();
    if (must_be_more && is_zero(it->field)) assign.fail("more than 0");
  }
}

}  // namespace raysim
