#include "scenarios/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

constexpr std::size_t longest_text = 200;  // of a list, in messages and prints

std::optional<double> number_of(const Value& value) {
  if (const auto* whole = value.as<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* number = value.as<double>()) return *number;
  return std::nullopt;
}

bool numbers_equal(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

std::string number_text(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string list_text(const List& list) {
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += ", ";
    if (text.size() > longest_text) return text + fmt::format("... {} in all]", list.size());
    const auto* word = list[i].as<std::string>();
    text += word != nullptr ? in_quotes(*word) : to_text(list[i]);
  }
  return text + "]";
}

// MessagePack, which Ray uses for all of these.
std::int64_t whole_size(std::int64_t number) {
  const auto fits = [number](auto least, auto most) { return number >= least && number <= most; };
  if (fits(-32, 127)) return 1;
  if (fits(-128, 255)) return 2;
  if (fits(-32'768, 65'535)) return 3;
  return fits(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::uint32_t>::max()) ? 5 : 9;
}
std::int64_t text_size(std::size_t length) {
  const std::int64_t head = length < 32 ? 1 : length < 256 ? 2 : length < 65'536 ? 3 : 5;
  return head + static_cast<std::int64_t>(length);
}
// A reference is pickled: its id, its owner's address and the names of the classes.
constexpr std::int64_t reference_size = 140;

std::int64_t packed_size(const Value& value) {
  return std::visit(Overloaded{[](std::monostate) { return std::int64_t{1}; },
                               [](bool) { return std::int64_t{1}; },
                               [](std::int64_t number) { return whole_size(number); },
                               [](double) { return std::int64_t{9}; },
                               [](const std::string& text) { return text_size(text.size()); },
                               [](const Data& data) { return data.size.count; },
                               [](const List& list) {
                                 std::int64_t size = list.size() < 16 ? 1 : list.size() < 65'536 ? 3 : 5;
                                 for (const Value& item : list) size += packed_size(item);
                                 return size;
                               },
                               [](const auto&) { return reference_size; }},
                    value.held());
}

}  // namespace

List::List(std::vector<Value> items)
    : items_(std::make_shared<std::vector<Value>>(std::move(items))), size_(items_->size()) {
  for (const Value& item : *items_) contain(item);
}

void List::contain(const Value& value) {
  const auto* list = value.as<List>();
  if (list == nullptr) return;
  depth_ = std::max(depth_, list->depth_ + 1);
  if (depth_ > most_depth) throw std::length_error(fmt::format("lists more than {} levels deep", most_depth));
}

const Value& List::operator[](std::size_t i) const { return (*items_)[first_ + i]; }
const Value* List::begin() const { return size_ == 0 ? nullptr : items_->data() + first_; }
const Value* List::end() const { return begin() + size_; }

bool List::shares(const Value& value) const {
  const auto* list = value.as<List>();
  if (list == nullptr) return false;
  return list->items_ == items_ || std::any_of(list->begin(), list->end(), [&](const Value& v) { return shares(v); });
}

List List::with(Value last) const {
  // Another list went on from here in another way, or this is a part that ends before; elements that hold themselves are never freed.
  if (items_ == nullptr || first_ + size_ != items_->size() || shares(last)) {
    std::vector<Value> items(begin(), end());
    items.push_back(std::move(last));
    return List(std::move(items));
  }
  List longer = *this;
  longer.contain(last);
  items_->push_back(std::move(last));
  ++longer.size_;
  return longer;
}

List List::part(std::size_t first, std::size_t count) const {
  List result = *this;
  result.first_ += first;
  result.size_ = count;
  return result;
}

bool are_equal(const Value& a, const Value& b, double tolerance) {
  if (const auto *x = a.as<List>(), *y = b.as<List>(); x != nullptr && y != nullptr)
    return std::equal(x->begin(), x->end(), y->begin(), y->end(),
                      [&](const Value& one, const Value& other) { return are_equal(one, other, tolerance); });
  if (a.held().index() != b.held().index() || a.as<double>() != nullptr) {
    const auto x = number_of(a);
    const auto y = number_of(b);
    return x && y && numbers_equal(*x, *y, tolerance);
  }
  return std::visit(
      [&](const auto& x) {
        using T = std::remove_cvref_t<decltype(x)>;
        if constexpr (std::is_same_v<T, List>)
          return false;  // compared above
        else
          return x == *b.as<T>();
      },
      a.held());
}

std::string kind_of(const Value& value) {
  return std::visit(Overloaded{[](std::monostate) -> std::string { return "nothing"; },
                               [](bool truth) -> std::string { return truth ? "true" : "false"; },
                               [](std::int64_t number) { return fmt::format("{}", number); },
                               [](double number) { return number_text(number); },
                               [](const std::string& text) { return "the text " + in_quotes(text); },
                               [](const List& list) { return fmt::format("a list of {}", list.size()); },
                               [](const Data& data) { return fmt::format("data of {} B", data.size.count); },
                               [](const ObjectRef&) -> std::string { return "a reference"; }},
                    value.held());
}

std::string to_text(const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* list = value.as<List>()) return list_text(*list);
  return kind_of(value);
}

Bytes serialised_size(const Value& value) {
  if (const auto* data = value.as<Data>()) return data->size;
  constexpr std::int64_t header = 9;  // length of the MessagePack part
  return {header + packed_size(value)};
}

void collect_refs(const Value& value, std::vector<ObjectRef>& refs) {
  if (const auto* ref = value.as<ObjectRef>()) refs.push_back(*ref);
  if (const auto* list = value.as<List>())
    for (const Value& item : *list) collect_refs(item, refs);
}

}  // namespace raysim
