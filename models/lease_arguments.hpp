// What a lease needs in the store of its node.
//
// Models: the dependencies of a lease request. Leaves out: their owners' addresses, which their names carry.
// Mirrors LeaseSpec's dependencies of src/ray/protobuf/common.proto (2.60); that the nodes which hold them stand there too is for
// policies that Ray does not have.
// Invariants: a list does not change once it is made; requests and leases share it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <utility>
#include <vector>

#include "models/cluster.hpp"
#include "models/ids.hpp"
#include "sim/time.hpp"

namespace raysim {

// An argument that lies in the object store of some node.
struct LeaseArgument {
  ObjectRef object;
  Bytes size;
  std::vector<NodeId> nodes{};  // with a copy, as its owner knows
};
struct LeaseArguments : boost::intrusive_ref_counter<LeaseArguments, boost::thread_unsafe_counter> {
  explicit LeaseArguments(std::vector<LeaseArgument> all, EnvironmentId in = {})
      : list(std::move(all)), environment(in) {}
  const std::vector<LeaseArgument> list;
  const EnvironmentId environment;  // few leases have one: it has no room in the request itself
};
using LeaseArgumentsRef = boost::intrusive_ptr<const LeaseArguments>;

}  // namespace raysim
