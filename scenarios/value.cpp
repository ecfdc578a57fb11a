#include "scenarios/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "include/raysim/ray/value.hpp"
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
  std::string text = fmt::format("{:.12g}", number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string list_text(const List& list) {
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += ", ";
    if (text.size() > longest_text) return text + fmt::format("... {} in all]", list.size());
    const Value item = list[i];
    const auto* word = item.as<std::string>();
    text += word != nullptr ? in_quotes(*word) : to_text(item);
  }
  return text + "]";
}

// As those of programs in C++.
std::int64_t packed_size(const Value& value) {
  namespace host = ray::host;
  return std::visit(Overloaded{[](std::monostate) { return std::int64_t{1}; }, [](bool) { return std::int64_t{1}; },
                               [](std::int64_t number) { return host::packed_size_of_whole(number); },
                               [](double) { return host::packed_size_of_number; },
                               [](const std::string& text) { return host::packed_size_of_text(text.size()); },
                               [](const Data& data) { return data.size.count; },
                               [](const List& list) {
                                 std::int64_t size = host::packed_head_of_list(list.size());
                                 if (!list.refs().empty())
                                   return size + host::pickled_reference * static_cast<std::int64_t>(list.size());
                                 for (std::size_t i = 0; i < list.size(); ++i) size += packed_size(list[i]);
                                 return size;
                               },
                               [](const auto&) { return host::pickled_reference; }},
                    value.held());
}

}  // namespace

// One of the two is empty.
struct List::Items {
  std::vector<Value> values;
  HeldRefs refs;
  int depth = 1;  // at most so many lists inside of each other, this one included

  [[nodiscard]] std::size_t size() const { return values.size() + refs.size(); }
  void contain(const Value& value) {
    const auto* list = value.as<List>();
    if (list == nullptr || list->items_ == nullptr) return;
    depth = std::max(depth, list->items_->depth + 1);
    if (depth > most_depth) throw std::length_error(fmt::format("lists more than {} levels deep", most_depth));
  }
};

namespace {
void check_length(std::size_t size) {
  if (size > List::most_elements)
    throw std::length_error(fmt::format("a list of more than {} elements", List::most_elements));
}
}  // namespace

List::List(std::vector<Value> values) : size_(static_cast<std::uint32_t>(values.size())) {
  check_length(values.size());
  if (values.empty()) return;
  items_ = std::make_shared<Items>();
  const auto is_ref = [](const Value& value) { return value.as<HeldRef>() != nullptr; };
  if (std::all_of(values.begin(), values.end(), is_ref)) {
    for (const Value& value : values) items_->refs.push_back(*value.as<HeldRef>());
    return;
  }
  for (const Value& value : values) items_->contain(value);
  items_->values = std::move(values);
}

List::List(HeldRefs refs) : size_(static_cast<std::uint32_t>(refs.size())) {
  if (refs.empty()) return;
  items_ = std::make_shared<Items>();
  items_->refs = std::move(refs);
}

Value List::operator[](std::size_t i) const {
  return items_->refs.empty() ? items_->values[first_ + i] : Value(items_->refs[first_ + i]);
}

std::span<const ObjectRef> List::refs() const {
  if (items_ == nullptr || items_->refs.empty()) return {};
  return items_->refs.refs().subspan(first_, size_);
}

std::vector<Value> List::values() const {
  std::vector<Value> result;
  result.reserve(size_);
  for (std::size_t i = 0; i < size_; ++i) result.push_back((*this)[i]);
  return result;
}

// Nobody has gone on from here, so that the elements behind this list are free.
bool List::is_last() const { return items_ != nullptr && first_ + size_ == items_->size(); }

bool List::shares(const Value& value) const {
  const auto* list = value.as<List>();
  if (list == nullptr) return false;
  if (list->items_ == items_) return true;
  if (list->items_ == nullptr) return false;
  const auto& values = list->items_->values;
  return std::any_of(values.begin(), values.end(), [&](const Value& v) { return shares(v); });
}

List List::with(const Value& last) const {
  const auto* ref = last.as<HeldRef>();
  const bool fits = is_last() && (items_->refs.empty() || ref != nullptr);
  // Elements that held themselves would never be freed.
  if (!fits || shares(last)) {
    std::vector<Value> values = this->values();
    values.push_back(last);
    return List(std::move(values));
  }
  if (!items_->refs.empty()) {
    items_->refs.push_back(*ref);
  } else {
    check_length(size() + 1);
    items_->contain(last);
    items_->values.push_back(last);
  }
  List longer = *this;
  ++longer.size_;
  return longer;
}

List List::with_all(const List& more) const {
  const std::span<const ObjectRef> added = more.refs();
  if (size() == 0) return more;
  if (is_last() && !items_->refs.empty() && !added.empty() && items_ != more.items_) {
    for (std::size_t i = 0; i < more.size(); ++i) items_->refs.push_back(more.items_->refs[more.first_ + i]);
    List longer = *this;
    longer.size_ += more.size_;
    return longer;
  }
  check_length(size() + more.size());
  std::vector<Value> values = this->values();
  for (std::size_t i = 0; i < more.size(); ++i) values.push_back(more[i]);
  return List(std::move(values));
}

List List::part(std::size_t first, std::size_t count) const {
  if (count == 0) return {};
  // What it does not hold may go.
  if (!items_->refs.empty() && count < size_) return List(items_->refs.part(first_ + first, count));
  List result = *this;
  result.first_ += static_cast<std::uint32_t>(first);
  result.size_ = static_cast<std::uint32_t>(count);
  return result;
}

static bool lists_equal(const List& a, const List& b, double tolerance) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!are_equal(a[i], b[i], tolerance)) return false;
  return true;
}

bool are_equal(const Value& a, const Value& b, double tolerance) {
  if (const auto* x = a.as<List>(), *y = b.as<List>(); x != nullptr && y != nullptr)
    return lists_equal(*x, *y, tolerance);
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
        else if constexpr (std::is_same_v<T, ActorHandle>)
          return x.actor() == b.as<ActorHandle>()->actor();
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
                               [](const HeldRef&) -> std::string { return "a reference"; },
                               [](const ActorHandle&) -> std::string { return "an actor"; },
                               [](const Generator&) -> std::string { return "a generator"; }},
                    value.held());
}

std::string to_text(const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* list = value.as<List>()) return list_text(*list);
  return kind_of(value);
}

Bytes serialised_size(const Value& value) {
  if (const auto* data = value.as<Data>()) return data->size;
  return {ray::host::object_header + packed_size(value)};
}

bool holds_refs(const Value& value) {
  if (value.as<HeldRef>() != nullptr || value.as<Generator>() != nullptr) return true;
  const auto* list = value.as<List>();
  if (list == nullptr || !list->refs().empty()) return list != nullptr;
  for (std::size_t i = 0; i < list->size(); ++i)
    if (holds_refs((*list)[i])) return true;
  return false;
}

Value with_handles_of(const ReferenceCounterRef& counter, const Value& value, std::vector<ObjectRef>& refs) {
  const auto own = [&](const HeldRef& held) {
    refs.push_back(held.ref());
    return HeldRef(counter, held.ref());
  };
  if (const auto* ref = value.as<HeldRef>()) return own(*ref);
  if (const auto* generator = value.as<Generator>()) return Generator{own(generator->ref), generator->dynamic};
  if (!holds_refs(value)) return value;
  const List& list = *value.as<List>();
  if (const std::span<const ObjectRef> all = list.refs(); !all.empty()) {
    refs.insert(refs.end(), all.begin(), all.end());
    return List(HeldRefs(counter, {all.begin(), all.end()}));
  }
  std::vector<Value> items;
  items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) items.push_back(with_handles_of(counter, list[i], refs));
  return List(std::move(items));
}

void collect_refs(const Value& value, std::vector<ObjectRef>& refs) {
  if (const auto* ref = value.as<HeldRef>()) refs.push_back(ref->ref());
  const auto* list = value.as<List>();
  if (list == nullptr) return;
  const std::span<const ObjectRef> all = list->refs();
  refs.insert(refs.end(), all.begin(), all.end());
  for (std::size_t i = 0; all.empty() && i < list->size(); ++i) collect_refs((*list)[i], refs);
}

}  // namespace raysim
