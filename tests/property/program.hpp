// Random programs of tasks, made before the run, so that what must come of each task is known beforehand.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace property {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests
using zero_cost::Log;
using zero_cost::ms;

struct BodyPlan;

// One .remote() call of a body.
struct CallPlan {
  std::uint32_t function = 0;
  TaskOptions options;
  std::vector<std::size_t> args;  // earlier calls of the same body
  Bytes value;
  bool with_put = false;       // passes an object that the body has put
  bool unschedulable = false;  // hard affinity to a node that is too small
  int crashes = 0;             // attempts that end their worker
  std::shared_ptr<BodyPlan> body;
};

struct StepPlan {
  enum class Kind : std::uint8_t { submit, get, wait, sleep, compute } kind = Kind::submit;
  std::vector<std::size_t> calls;  // submit: which; get, wait: about which
  Duration duration;               // sleep, compute; wait: timeout
};

struct BodyPlan {
  std::vector<CallPlan> calls;
  std::vector<StepPlan> steps;
  bool waits = true;    // for all of its tasks, at the end
  bool strict = false;  // an error of one of them is its own
};

struct ProgramSettings {
  bool crashes = false;   // some functions end their worker on their first attempts
  bool abandons = false;  // some bodies end before their tasks
  bool endless_retries = false;
  int depth = 2;
};

struct Program {
  std::vector<RemoteFunction> functions;
  BodyPlan driver;
  std::uint64_t calls = 0;
};

// A program whose every task can run on some node of the cluster, but for those marked.
std::shared_ptr<Program> random_program(RandomStream& random, ClusterSpec& cluster, const ProgramSettings& settings);

// What must come of a call, and in how many attempts when it comes to run.
ErrorType expected_error(const BodyPlan& body, std::size_t call);
int expected_attempts(const BodyPlan& body, std::size_t call);

// One submission as its body saw it.
struct Seen {
  const BodyPlan* body = nullptr;
  std::size_t call = 0;
  std::uint64_t task = 0;             // as in AttemptRecord
  std::vector<std::uint64_t> args;    // their tasks
  bool got = false;                   // its outcome is known to the body
  ErrorType error = ErrorType::none;  // in that case
  Time got_at;
};

// Watches the bodies of one run.
class Observer {
 public:
  std::size_t submitted(const BodyPlan& body, std::size_t call, ObjectRef ref, std::vector<std::uint64_t> args);
  Seen& operator[](std::size_t i) { return seen_[i]; }
  [[nodiscard]] const std::vector<Seen>& all() const { return seen_; }

 private:
  std::vector<Seen> seen_;
  std::map<std::uint32_t, std::uint32_t> tasks_of_;  // by owner: how many it has submitted
};

// The driver of a program. Also gives the functions their bodies; both refer to `program` and `observer`.
BodyMaker arm(Program& program, Observer& observer);

}  // namespace property
