#include "conformance/case_value.hpp"

#include <fmt/format.h>

#include <charconv>

#include "platforms/input_error.hpp"

namespace raysim {

CaseValue CaseValue::operator[](std::string_view key) const {
  if (is_mapping())
    for (const YamlEntry& entry : node_->entries)
      if (entry.key == key) {
        read_->insert(&entry);
        return {*document_, entry.value, *read_};
      }
  return {*document_, *read_};
}

CaseValue CaseValue::at(std::string_view key) const {
  const CaseValue value = (*this)[key];
  if (!value.exists()) fail_expected(fmt::format("a mapping with '{}'", key));
  return value;
}

std::vector<std::pair<std::string, CaseValue>> CaseValue::entries() const {
  if (is_null()) return {};
  if (!is_mapping()) fail_expected("a mapping");
  std::vector<std::pair<std::string, CaseValue>> out;
  for (const YamlEntry& entry : node_->entries) {
    read_->insert(&entry);
    out.emplace_back(entry.key, CaseValue(*document_, entry.value, *read_));
  }
  return out;
}

std::vector<CaseValue> CaseValue::items() const {
  if (is_null()) return {};
  if (!is_list()) fail_expected("a list");
  std::vector<CaseValue> out;
  for (const YamlNode& item : node_->items) out.push_back({*document_, item, *read_});
  return out;
}

std::string CaseValue::text() const {
  if (!is_scalar()) fail_expected("text");
  return node_->text;
}

namespace {

template <class Number>
bool parse(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

double CaseValue::number() const {
  double number = 0;
  if (!is_scalar() || !parse(node_->text, number)) fail_expected("a number");
  return number;
}

std::int64_t CaseValue::whole() const {
  std::int64_t number = 0;
  if (!is_scalar() || !parse(node_->text, number)) fail_expected("a whole number");
  return number;
}

bool CaseValue::boolean() const {
  if (is_scalar() && node_->text == "true") return true;
  if (!is_scalar() || node_->text != "false") fail_expected("true or false");
  return false;
}

std::vector<std::string> CaseValue::texts() const {
  std::vector<std::string> out;
  for (const CaseValue& item : items()) out.push_back(item.text());
  return out;
}

std::string CaseValue::text_or(std::string_view otherwise) const { return is_null() ? std::string(otherwise) : text(); }
double CaseValue::number_or(double otherwise) const { return is_null() ? otherwise : number(); }
std::int64_t CaseValue::whole_or(std::int64_t otherwise) const { return is_null() ? otherwise : whole(); }
bool CaseValue::boolean_or(bool otherwise) const { return is_null() ? otherwise : boolean(); }

std::string CaseValue::place() const {
  const YamlPlace at = node_ != nullptr ? node_->place : YamlPlace{};
  return fmt::format("{}:{}", document_->sources[at.source], at.line);
}

void CaseValue::fail_expected(std::string_view expected) const {
  const YamlPlace at = node_ != nullptr ? node_->place : YamlPlace{};
  const std::string found = is_null()      ? "nothing here"
                            : is_list()    ? "a list"
                            : is_mapping() ? "a mapping"
                                           : in_quotes(node_->text);
  throw InputError(document_->sources[at.source], at.line, at.column, fmt::format("{}, expected {}", found, expected));
}

std::string CaseValue::first_unread() const {
  if (is_list())
    for (const YamlNode& item : node_->items)
      if (std::string found = CaseValue(*document_, item, *read_).first_unread(); !found.empty()) return found;
  if (!is_mapping()) return {};
  for (const YamlEntry& entry : node_->entries) {
    if (!read_->contains(&entry)) return entry.key;
    if (const std::string found = CaseValue(*document_, entry.value, *read_).first_unread(); !found.empty())
      return entry.key + "." + found;
  }
  return {};
}

}  // namespace raysim
