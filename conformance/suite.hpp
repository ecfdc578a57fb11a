// A file of conformance cases, run.
//
// Models: the form of such files (`cases`, each with id, group and kind), and the verdict on each case. Leaves out: printing.
// Invariants: cases in the order of the file; a case of which some key was not read, or whose kind nobody runs, is skipped
// with the reason, never passed. A file that cannot be read as cases is an InputError.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conformance/checks.hpp"

namespace raysim {

struct CaseVerdict {
  enum class Outcome : std::uint8_t { passed, failed, skipped, malformed };
  std::string id;
  std::string group;
  std::string kind;
  std::string place;  // FILE:LINE
  Outcome outcome = Outcome::passed;
  std::vector<Mismatch> mismatches;
  std::string reason;  // skipped or malformed
};

std::vector<CaseVerdict> run_conformance_file(const std::string& path);

}  // namespace raysim
