// Policies written against the public interface, `raysim/policy.hpp`: the user's own, and raysim's baselines.
//
// Models: a raylet's view and request shown through that interface, and the answer checked. Leaves out: loading a shared object
// (scenarios/load_plugin.hpp). Invariants: an answer that no raylet could follow, or an exception, becomes a PolicyError that names the
// policy; nothing else leaves choose().
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "include/raysim/policy.hpp"
#include "models/scheduling/policy.hpp"

namespace raysim {

// A policy did what it must not; the run cannot go on.
class PolicyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `who` names the policy in errors: "policy 'mine' of libmine.so". `waits` counts how often it said `nowhere`; may be null.
// The view's spec and resource names must be set.
std::unique_ptr<NodePolicy> make_plugin_policy(std::unique_ptr<plugin::Policy> policy, std::string who,
                                               std::shared_ptr<std::uint64_t> waits = nullptr);

}  // namespace raysim
