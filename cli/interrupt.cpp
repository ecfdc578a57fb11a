#include "cli/interrupt.hpp"

namespace raysim {

namespace {
volatile std::sig_atomic_t interrupted = 0;
}

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = SA_RESETHAND;  // the next one is not ours
  sigaction(SIGINT, &action, &before_);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }

bool InterruptGuard::requested() { return interrupted != 0; }

}  // namespace raysim
