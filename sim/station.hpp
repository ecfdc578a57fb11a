// A process's event loop: one message at a time, each at a cost of CPU time.
//
// Models: a thread with a mailbox on a machine. On a machine that is not contended the loop has a core of its own:
// message n starts at max(its arrival, end of message n - 1), and what it sends leaves when its cost is paid. On a
// contended machine the cost is a job of Machine, and what a message sends leaves when the job is done.
// Both give the same order of messages; they differ when a process ends: what waits in a mailbox goes back to senders that
// asked for it, what a station with a core of its own has taken on is lost (its senders watch the process). Leaves out: what happens inside a message's service time.
// Invariants: messages are served in order of arrival; a station of a dead process serves and sends nothing.
#pragma once

#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/cell.hpp"
#include "sim/machine.hpp"
#include "sim/time.hpp"

namespace raysim {

class Engine;

// Index of a process in the engine; never reused.
struct ProcessId {
  std::uint32_t index = ~std::uint32_t{0};
  constexpr auto operator<=>(const ProcessId&) const = default;
};

// Where a `Receiver` takes messages: it has a member on(Message) for each type it understands.
template <class Receiver>
struct Address {
  StationId station;
  constexpr auto operator<=>(const Address&) const = default;
  [[nodiscard]] bool valid() const { return station != no_station; }
};

// What each kind of message costs its receiver, and how large it is on the wire.
inline constexpr std::size_t max_message_kinds = 96;
struct MessageCost {
  Duration service;  // CPU time of the receiver
  Duration sending;  // CPU time of the sender
  Duration aside;    // CPU time of the receiver's other threads, which delays nobody unless cores are short
  Bytes size;
};
using MessageCosts = std::array<MessageCost, max_message_kinds>;

// Sent to whoever watches a process when it has ended (its connections break).
struct ProcessDied {
  ProcessId process;
};

class alignas(64) Station {
 public:
  Station(Engine& engine, StationId id, ProcessId process, MachineId place, CpuPriority priority)
      : engine_(engine), id_(id), process_(process), place_(place), priority_(priority) {}

  template <class Receiver>
  Address<Receiver> bind(Receiver& owner) {
    owner_ = &owner;
    return {id_};
  }
  [[nodiscard]] void* owner() const { return owner_; }
  [[nodiscard]] StationId id() const { return id_; }
  [[nodiscard]] ProcessId process() const { return process_; }
  [[nodiscard]] MachineId place() const { return place_; }
  [[nodiscard]] bool contended() const { return contended_; }

  // The time at which this station's present message has done what it has been charged for so far.
  [[nodiscard]] Time now() const;
  // Adds CPU time to the message being served.
  void charge(Duration cpu) {
    if (contended_)
      charged_ += cpu;
    else
      clock_ = clock_ + cpu;
  }

  // Sends a message; `extra` bytes go on top of the size of its kind. When the receiver is gone and Message names a Sender,
  // that Sender's on_unreachable(Message) is called after the way back.
  template <class Receiver, class Message>
  void send(Address<Receiver> to, Message message, Bytes extra = {});
  // The same, but leaving after a delay.
  template <class Receiver, class Message>
  void send_later(Address<Receiver> to, Duration delay, Message message);
  // Hands a message to another thread of the same process: no way to go, but a thread to wake.
  template <class Receiver, class Message>
  void hand_over(Address<Receiver> to, Message message);
  // Delivers a message to this station's own owner after a delay; costs no CPU until its service.
  template <class Receiver, class Message>
  void after(Duration delay, Message message, bool background = false);
  // Keeps a core busy for `cpu`, next to the event loop (another thread of the process), then delivers the message.
  template <class Receiver, class Message>
  void compute(Duration cpu, Message message, bool background = false);
  // The same on a device of this machine, without any core: `work` is its time alone at speed 1.
  template <class Receiver, class Message>
  void compute_on(DeviceId device, Duration work, Message message);
  // Copies bytes from one memory to another one that differs, of machines or their devices, then delivers the message.
  template <class Receiver, class Message>
  void copy(DeviceId from, DeviceId to, Bytes size, Address<Receiver> then, Message message);
  // Reads so much from a disk of this machine, or writes it there, then delivers the message.
  template <class Receiver, class Message>
  void use_disk(DiskId disk, DiskUse use, Bytes size, Message message);

 private:
  friend class Engine;
  struct Outgoing {
    Cell* cell;
    Duration delay;
    Bytes extra;
    bool timer;
  };

  void accept(Cell* cell);  // from the engine: the message has arrived
  void serve(Cell* cell);   // contended: take the message on, pay for it
  void finish_service();    // contended: the cost is paid
  void serve_next();        // contended: the next one of the mailbox
  void drop_messages();     // whatever waits here or to be sent
  void post(Cell* cell, Duration delay, Bytes extra, bool timer);
  void start_compute(Cell* cell, Duration cpu);
  void start_on_device(Cell* cell, DeviceId device, Duration work);

  Engine& engine_;
  void* owner_ = nullptr;
  Time clock_;  // not contended: end of the service of the last message
  StationId id_;
  ProcessId process_;
  MachineId place_;
  CpuPriority priority_;
  bool contended_ = false;
  bool serving_ = false;        // contended: a job is at the machine
  Duration charged_;            // contended: cost of the present message
  std::vector<Cell*> mailbox_;  // contended: from next_mail_ on, in order of arrival
  std::size_t next_mail_ = 0;
  std::vector<Outgoing> outgoing_;
};

}  // namespace raysim
