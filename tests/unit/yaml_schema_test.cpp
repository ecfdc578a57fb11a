// The JSON Schemas, from which editors complete and docs/reference/ is written, say what the loaders accept.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "platforms/load.hpp"
#include "platforms/quantity.hpp"
#include "scenarios/load.hpp"
#include "scenarios/sweep.hpp"

namespace raysim {

namespace {

nlohmann::json schema_of(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

// Both directions: each table has its definition with just its keys, each definition with keys has its table.
void check_keys(const nlohmann::json& schema, std::span<const MappingSpec* const> tables) {
  std::set<std::string> definitions;
  for (const MappingSpec* table : tables) {
    CAPTURE(table->definition);
    definitions.insert(std::string(table->definition));
    const nlohmann::json& definition = schema.at("$defs").at(std::string(table->definition));
    CHECK(definition.at("additionalProperties") == false);
    std::set<std::string> keys;
    std::set<std::string> required;
    for (const KeySpec& key : table->keys) {
      keys.insert(std::string(key.name));
      if (key.is_required) required.insert(std::string(key.name));
    }
    std::set<std::string> schema_keys;
    for (const auto& [key, value] : definition.at("properties").items()) schema_keys.insert(key);
    CHECK(schema_keys == keys);
    CHECK(definition.value("required", std::set<std::string>()) == required);
  }
  for (const auto& item : schema.at("$defs").items())
    CHECK_MESSAGE(item.value().contains("properties") == definitions.contains(item.key()), item.key());
}

// Whoever completes or reads a key finds a description of it, there or where it refers to.
void check_descriptions(const nlohmann::json& schema) {
  for (const auto& definition : schema.at("$defs").items()) {
    CHECK_MESSAGE(definition.value().contains("description"), definition.key());
    if (!definition.value().contains("properties")) continue;
    for (const auto& key : definition.value().at("properties").items())
      CHECK_MESSAGE((key.value().contains("description") || key.value().contains("$ref")), definition.key(), ".",
                    key.key());
  }
}

template <class Parse>
void check_pattern(const nlohmann::json& definition, Parse parse, const std::vector<std::string>& texts) {
  const std::regex pattern(definition.at("pattern").get<std::string>());
  for (const std::string& text : texts) {
    bool is_quantity = true;
    try {
      parse(text);
    } catch (const QuantityError&) {
      is_quantity = false;
    }
    CHECK_MESSAGE(std::regex_match(text, pattern) == is_quantity, text);
  }
}

}  // namespace

TEST_CASE("the schema of platforms has the keys of the loader") {
  const nlohmann::json schema = schema_of("platforms/platform.schema.json");
  check_keys(schema, platform_mappings());
  check_descriptions(schema);
}

TEST_CASE("the schema of scenarios has the keys of the loader") {
  const nlohmann::json schema = schema_of("scenarios/scenario.schema.json");
  check_keys(schema, scenario_mappings());
  check_descriptions(schema);
  const auto outcomes = schema.at("$defs").at("outcome").at("enum").get<std::vector<std::string>>();
  CHECK(std::equal(outcomes.begin(), outcomes.end(), known_outcomes().begin(), known_outcomes().end()));
}

TEST_CASE("the schema of sweeps has the keys of the loader and its ranges") {
  const nlohmann::json schema = schema_of("scenarios/sweep.schema.json");
  check_keys(schema, sweep_mappings());
  check_descriptions(schema);
  const std::regex range(schema.at("$defs").at("range").at("pattern").get<std::string>());
  for (const char* text : {"3..8", "3..100:10", "0..0"}) {
    CHECK(std::regex_match(text, range));
    CHECK(parse_axis(std::string("a=") + text).values.front() != text);
  }
  for (const char* text : {"3.8", "x3..8", "-3..8", "a..b"}) {
    CHECK_FALSE(std::regex_match(text, range));
    CHECK(parse_axis(std::string("a=") + text).values.front() == text);
  }
}

TEST_CASE("the patterns of the schemas are those of the quantities") {
  const std::vector<std::string> texts{
      "1 s",     "0.5 s",   "93us",    "2 min",  "1 h",    "10 ms",  "7 ns",     "5",       "5 sec",   "1. s",
      ".5 s",    "-1 s",    "1e3 s",   "s",      "",       "64 B",   "1 KB",     "2 GiB",   "3 TiB",   "4 kB",
      "5 KiB",   "1 MB",    "6 MiB",   "7 GB",   "8 TB",   "1 PB",   "10 Gbps",  "1 kbps",  "1 Tbps",  "2 KBps",
      "3 KiBps", "4 MiBps", "5 GiBps", "6 TBps", "7 GBps", "8 MBps", "2000 bps", "900 Bps", "1 TiBps", "1 Mbps"};
  for (const char* path : {"platforms/platform.schema.json", "scenarios/scenario.schema.json"}) {
    const nlohmann::json definitions = schema_of(path).at("$defs");
    check_pattern(definitions.at("duration"), parse_duration, texts);
    check_pattern(definitions.at("size"), parse_bytes, texts);
  }
  check_pattern(schema_of("platforms/platform.schema.json").at("$defs").at("bandwidth"), parse_bandwidth, texts);
}

TEST_CASE("the pattern of names is that of the reader") {
  const std::regex pattern(
      schema_of("scenarios/scenario.schema.json").at("$defs").at("name").at("pattern").get<std::string>());
  for (const char* text : {"a", "_x", "a-b.c:d/e_9", "9a", "", "a b", "-a", "ä", "a\n"})
    CHECK_MESSAGE(std::regex_match(text, pattern) == is_name(text), text);
}

}  // namespace raysim
