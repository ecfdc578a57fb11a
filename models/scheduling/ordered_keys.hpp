// A sorted set of numbers that knows its i-th member.
//
// Models: insert, erase, the i-th smallest, how many are smaller; each looks at one short chunk and at the sizes of the chunks.
// Leaves out: duplicates. Invariants: sorted; no chunk is empty or longer than `most`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace raysim {

class OrderedKeys {
 public:
  void assign(std::span<const std::uint64_t> sorted) {
    chunks_.clear();
    for (std::size_t i = 0; i < sorted.size(); i += most / 2)
      chunks_.emplace_back(sorted.begin() + static_cast<std::ptrdiff_t>(i),
                           sorted.begin() + static_cast<std::ptrdiff_t>(std::min(sorted.size(), i + most / 2)));
    size_ = sorted.size();
    summarise();
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // One that is not here.
  void insert(std::uint64_t key) {
    ++size_;
    if (chunks_.empty()) {
      chunks_.push_back({key});
      return summarise();
    }
    const std::size_t at = chunk_of(key);
    auto& chunk = chunks_[at];
    chunk.insert(std::lower_bound(chunk.begin(), chunk.end(), key), key);
    if (chunk.size() > most) return split(at);
    first_[at] = chunk.front();
    ++sizes_[at];
  }

  // One that is here.
  void erase(std::uint64_t key) {
    --size_;
    const std::size_t at = chunk_of(key);
    auto& chunk = chunks_[at];
    chunk.erase(std::lower_bound(chunk.begin(), chunk.end(), key));
    if (chunk.empty()) {
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
      return summarise();
    }
    first_[at] = chunk.front();
    --sizes_[at];
  }

  // The i-th smallest; i < size().
  [[nodiscard]] std::uint64_t operator[](std::size_t i) const {
    std::size_t at = 0;
    while (i >= sizes_[at]) i -= sizes_[at++];
    return chunks_[at][i];
  }

  // How many are smaller than `key`.
  [[nodiscard]] std::size_t below(std::uint64_t key) const {
    if (chunks_.empty()) return 0;
    const std::size_t at = chunk_of(key);
    std::size_t before = 0;
    for (std::size_t i = 0; i < at; ++i) before += sizes_[i];
    const auto& chunk = chunks_[at];
    return before + static_cast<std::size_t>(std::lower_bound(chunk.begin(), chunk.end(), key) - chunk.begin());
  }

 private:
  static constexpr std::size_t most = 128;

  // The last chunk that starts at or before the key, else the first one.
  [[nodiscard]] std::size_t chunk_of(std::uint64_t key) const {
    const auto after = std::upper_bound(first_.begin(), first_.end(), key);
    return after == first_.begin() ? 0 : static_cast<std::size_t>(after - first_.begin()) - 1;
  }
  void split(std::size_t at) {
    auto& chunk = chunks_[at];
    const auto middle = chunk.begin() + static_cast<std::ptrdiff_t>(chunk.size() / 2);
    std::vector<std::uint64_t> upper(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
    summarise();
  }
  void summarise() {
    first_.clear();
    sizes_.clear();
    for (const auto& chunk : chunks_) {
      first_.push_back(chunk.front());
      sizes_.push_back(static_cast<std::uint32_t>(chunk.size()));
    }
  }

  std::vector<std::vector<std::uint64_t>> chunks_;
  std::vector<std::uint64_t> first_;  // of each chunk
  std::vector<std::uint32_t> sizes_;
  std::size_t size_ = 0;
};

}  // namespace raysim
