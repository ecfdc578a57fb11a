#include "models/object_store/object_directory.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

namespace {

bool insert_new(std::vector<NodeId>& nodes, NodeId node) {
  if (std::ranges::find(nodes, node) != nodes.end()) return false;
  nodes.push_back(node);
  return true;
}

}  // namespace

ObjectDirectory::Object* ObjectDirectory::find(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  return slot == no_slot ? nullptr : &objects_[slot];
}

const ObjectDirectory::Object* ObjectDirectory::find(ObjectRef id) const {
  const ObjectSlot slot = objects_.find(id);
  return slot == no_slot ? nullptr : &objects_[slot];
}

void ObjectDirectory::publish(ObjectRef id, const Object& object) {
  if (object.subscribers.empty()) return;
  const SharedLocations state =
      std::make_shared<const ObjectLocations>(ObjectLocations{object.nodes, object.url, object.size, object.pending});
  for (const NodeId node : object.subscribers) port_.publish(node, id, state);
}

void ObjectDirectory::add(ObjectRef id, bool pending_creation) {
  objects_[objects_.insert(id).first].pending = pending_creation;
}

void ObjectDirectory::set_pending_creation(ObjectRef id, bool pending) {
  Object* object = find(id);
  if (object == nullptr || object->pending == pending) return;
  object->pending = pending;
  publish(id, *object);
}

void ObjectDirectory::set_size(ObjectRef id, Bytes size) {
  Object* object = find(id);
  if (object == nullptr) return;
  object->size = size;
  publish(id, *object);
}

void ObjectDirectory::set_primary(ObjectRef id, NodeId node) {
  Object* object = find(id);
  if (object == nullptr || !object->in_scope) return;
  if (port_.is_dead(node))
    lose_primary(id, *object);
  else
    object->primary = node;
}

void ObjectDirectory::lose_primary(ObjectRef id, Object& object) {
  object.primary = no_node;
  if (!object.url.shared) object.url = {};
  if (object.in_scope) lost_.push_back(id);
}

std::vector<NodeId> ObjectDirectory::out_of_scope(ObjectRef id) {
  Object* object = find(id);
  if (object == nullptr) return {};
  std::vector<NodeId> nodes = object->nodes;
  if (object->primary != no_node) insert_new(nodes, object->primary);
  if (object->url.valid()) insert_new(nodes, object->url.writer);
  object->in_scope = false;
  object->primary = no_node;
  object->url = {};
  return nodes;
}

void ObjectDirectory::in_scope_again(ObjectRef id) {
  if (Object* object = find(id)) object->in_scope = true;
}

void ObjectDirectory::remove(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot) return;
  const std::vector<NodeId> subscribers = std::move(objects_[slot].subscribers);
  objects_.erase(slot);
  for (const NodeId node : subscribers) port_.publish_gone(node, id);
}

void ObjectDirectory::learn(ObjectRef id, Bytes size, const std::vector<NodeId>& nodes) {
  Object& object = objects_[objects_.insert(id).first];
  for (const NodeId node : nodes) insert_new(object.nodes, node);
  if (size > Bytes{}) object.size = size;
}

void ObjectDirectory::add_copy(ObjectRef id, NodeId node) {
  Object* object = find(id);
  if (object != nullptr && insert_new(object->nodes, node)) publish(id, *object);
}

void ObjectDirectory::remove_copy(ObjectRef id, NodeId node) {
  Object* object = find(id);
  if (object == nullptr) return;
  std::erase(object->nodes, node);
  publish(id, *object);
}

void ObjectDirectory::set_spilled(ObjectRef id, const SpilledUrl& url) {
  Object* object = find(id);
  // Out of scope: its node has been told to delete the file.
  if (object == nullptr || (!object->in_scope && !url.shared)) return;
  if (!url.shared && port_.is_dead(url.writer)) return lose_primary(id, *object);
  object->url = url;
  publish(id, *object);
}

void ObjectDirectory::node_removed(NodeId node) {
  objects_.for_each([&](ObjectSlot slot) {
    Object& object = objects_[slot];
    const ObjectRef id = objects_.id(slot);
    if (object.primary == node || (object.url.valid() && object.url.node() == node)) lose_primary(id, object);
    if (std::erase(object.nodes, node) > 0) publish(id, object);
    std::erase(object.subscribers, node);
  });
}

std::vector<ObjectRef> ObjectDirectory::take_lost() { return std::exchange(lost_, {}); }

void ObjectDirectory::subscribe(ObjectRef id, NodeId node) {
  Object* object = find(id);
  if (object == nullptr) return port_.publish_gone(node, id);
  insert_new(object->subscribers, node);
  port_.publish(node, id,
                std::make_shared<const ObjectLocations>(
                    ObjectLocations{object->nodes, object->url, object->size, object->pending}));
}

void ObjectDirectory::unsubscribe(ObjectRef id, NodeId node) {
  if (Object* object = find(id)) std::erase(object->subscribers, node);
}

std::optional<ObjectLocality> ObjectDirectory::locality(ObjectRef id) const {
  const Object* object = find(id);
  if (object == nullptr || object->size == Bytes{}) return std::nullopt;
  ObjectLocality found{object->size, object->nodes};
  if (object->primary != no_node) insert_new(found.nodes, object->primary);
  return found;
}

NodeId ObjectDirectory::primary(ObjectRef id) const {
  const Object* object = find(id);
  return object == nullptr ? no_node : object->primary;
}

const SpilledUrl* ObjectDirectory::spilled(ObjectRef id) const {
  const Object* object = find(id);
  return object == nullptr || !object->url.valid() ? nullptr : &object->url;
}

const std::vector<NodeId>* ObjectDirectory::copies(ObjectRef id) const {
  const Object* object = find(id);
  return object == nullptr ? nullptr : &object->nodes;
}

bool ObjectDirectory::pending_creation(ObjectRef id) const {
  const Object* object = find(id);
  return object != nullptr && object->pending;
}

}  // namespace raysim
