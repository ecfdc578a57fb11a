// Reading of recordings: typed values of JSON; a part of the loader (recording.hpp).
//
// Models: numbers within bounds and text by their keys. Leaves out: what the keys mean. Mirrors no part of Ray.
// Invariants: whatever is missing or of another kind is an InputError that names the place in the recording.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "platforms/input_error.hpp"
#include "scenarios/recording.hpp"

namespace raysim {

struct RecordingReader {
  std::string file;

  [[noreturn]] void fail(const std::string& where, const std::string& wrong) const {
    throw InputError(file, 0, 0, where + ": " + wrong);
  }
  const nlohmann::json& at(const nlohmann::json& object, const char* key, const std::string& where) const {
    if (!object.is_object() || !object.contains(key)) fail(where, fmt::format("missing '{}'", key));
    return object.at(key);
  }
  double number(const nlohmann::json& object, const char* key, const std::string& where, double low,
                double high) const {
    const nlohmann::json& value = at(object, key, where);
    if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
      fail(where, fmt::format("'{}' is {}, expected a number from {} to {}", key, value.dump(), low, high));
    return value.get<double>();
  }
  std::int64_t whole(const nlohmann::json& object, const char* key, const std::string& where, std::int64_t low,
                     std::int64_t high) const {
    const nlohmann::json& value = at(object, key, where);
    if (!value.is_number_integer() || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
      fail(where, fmt::format("'{}' is {}, expected a whole number from {} to {}", key, value.dump(), low, high));
    return value.get<std::int64_t>();
  }
  std::string text(const nlohmann::json& object, const char* key, const std::string& where) const {
    const nlohmann::json& value = at(object, key, where);
    if (!value.is_string()) fail(where, fmt::format("'{}' is {}, expected text", key, value.dump()));
    return value.get<std::string>();
  }
};

// Adds what was recorded of the runs of a case: a repeat, or the rates of all.
void read_recorded_run(const RecordingReader& reader, const nlohmann::json& entry, RecordedCase& out);

}  // namespace raysim
