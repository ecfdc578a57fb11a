// Who still needs an object: tokens, whose last copy says that nobody does.
//
// Models: the outcome of Ray's reference counting: an object is freed when no program, no value and no task that has not ended has a
// reference to it. Leaves out: the messages between owners and borrowers by which Ray's processes find that out, and their delay. An
// object that nobody has asked a token for is never freed.
// Mirrors what src/ray/core_worker/reference_counter.cc achieves (2.60).
// Invariants: an object has at most one token at a time, whose copies are shared; its end is told once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "models/ids.hpp"

namespace raysim {

using ObjectLife = std::shared_ptr<const void>;

class ObjectLives : public std::enable_shared_from_this<ObjectLives> {
 public:
  // Told when the last copy is gone; none: nobody cares any more.
  std::function<void(ObjectRef)> out_of_scope;

  // A copy of the object's token, which is made if there is none.
  ObjectLife hold(ObjectRef object) {
    if (ObjectLife known = held(object)) return known;
    auto fresh = std::make_shared<const Token>(object, shared_from_this());
    tokens_[object] = fresh;
    return fresh;
  }
  // The same, or nothing.
  [[nodiscard]] ObjectLife held(ObjectRef object) const {
    const auto it = tokens_.find(object);
    return it != tokens_.end() ? it->second.lock() : nullptr;
  }

 private:
  struct Token {
    Token(ObjectRef the_object, std::shared_ptr<ObjectLives> the_lives)
        : object(the_object), lives(std::move(the_lives)) {}
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    ~Token() {
      lives->tokens_.erase(object);
      if (lives->out_of_scope) lives->out_of_scope(object);
    }
    ObjectRef object;
    std::shared_ptr<ObjectLives> lives;
  };

  std::map<ObjectRef, std::weak_ptr<const Token>> tokens_;
};

}  // namespace raysim
