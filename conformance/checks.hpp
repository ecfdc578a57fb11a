// What a runner says about a case.
//
// Models: the differences between what a case expects and what came out, and the wish not to judge. Leaves out: printing.
// Invariants: a case without differences has passed; skipping always names the reason.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace raysim {

struct Mismatch {
  std::string what;  // `steps[2].available.CPU`
  std::string expected;
  std::string got;
};

class Checks {
 public:
  void equal(std::string what, std::string expected, std::string got) {
    if (expected != got) mismatches_.push_back({std::move(what), std::move(expected), std::move(got)});
  }
  // Only for truth values, so that no text is taken for one.
  template <std::same_as<bool> Truth>
  void equal(std::string what, Truth expected, Truth got) {
    equal(std::move(what), std::string(expected ? "true" : "false"), std::string(got ? "true" : "false"));
  }
  [[nodiscard]] const std::vector<Mismatch>& mismatches() const { return mismatches_; }

 private:
  std::vector<Mismatch> mismatches_;
};

// Thrown by a runner that cannot judge a case.
struct SkipCase : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace raysim
