#include "models/sharded_store/sharded_store.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "sim/random.hpp"

namespace raysim {

namespace {

constexpr std::int64_t most_pieces = 1'000'000;  // of an object

[[noreturn]] void fail_with(const std::string& what) { throw StoreError(what); }

std::string quoted(const std::string& name) { return "'" + name + "'"; }

// The same everywhere, unlike std::hash.
std::uint64_t hash_of(const std::string& name) {
  std::uint64_t hash = name.size();
  for (const char c : name) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

bool has(const std::vector<std::uint32_t>& nodes, std::uint32_t node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::optional<std::pair<int, int>> parse_erasure(std::string_view text) {
  const std::size_t plus = text.find('+');
  if (plus == std::string_view::npos) return std::nullopt;
  const auto whole = [](std::string_view part) {
    const bool digits = !part.empty() && part.size() < 4 && std::all_of(part.begin(), part.end(), ::isdigit);
    return digits ? std::stoi(std::string(part)) : 0;
  };
  const std::pair pieces{whole(text.substr(0, plus)), whole(text.substr(plus + 1))};
  return pieces.first > 0 && pieces.second > 0 ? std::optional(pieces) : std::nullopt;
}

ShardedStore::ShardedStore(ShardedStoreSettings settings, std::vector<Bytes> capacities) : settings_(settings) {
  const auto count = static_cast<int>(capacities.size());
  if (settings.piece_size.count < 1) fail_with("pieces of no size, expected at least 1 B");
  if (settings.replicas < 1) fail_with("no replicas, expected at least 1");
  if (settings.data < 0 || settings.parity < 0) fail_with("a stripe of fewer than no pieces");
  if (settings.erasure() && settings.replicas != 1) fail_with("replicas and erasure coding, expected one of them");
  if (settings.width() > count)
    fail_with(std::to_string(settings.width()) +
              " different nodes are needed for each piece or stripe, and there are " + std::to_string(count));
  for (const Bytes capacity : capacities) nodes_.push_back({capacity, {}, true});
}

const ShardedObject& ShardedStore::object(const std::string& name) const {
  const auto found = objects_.find(name);
  if (found == objects_.end()) fail_with("no object is called " + quoted(name));
  return found->second;
}

void ShardedStore::check_client(std::uint32_t client) const {
  if (client >= nodes_.size()) fail_with("there is no such node");
}

// --- stripes

std::size_t ShardedStore::stripes(const ShardedObject& object) const {
  if (!settings_.erasure()) return object.pieces.size();
  const auto width = static_cast<std::size_t>(settings_.width());
  return (object.pieces.size() + width - 1) / width;
}

std::size_t ShardedStore::stripe_width(const ShardedObject& object, std::size_t stripe) const {
  if (!settings_.erasure()) return 1;
  const auto width = static_cast<std::size_t>(settings_.width());
  return std::min(width, object.pieces.size() - stripe * width);
}

std::size_t ShardedStore::data_of(const ShardedObject& object, std::size_t stripe) const {
  return stripe_width(object, stripe) - static_cast<std::size_t>(settings_.parity);
}

std::vector<std::size_t> ShardedStore::pieces_of(const ShardedObject& object, std::size_t stripe) const {
  const std::size_t before = settings_.erasure() ? static_cast<std::size_t>(settings_.width()) : 1;
  std::vector<std::size_t> pieces(stripe_width(object, stripe));
  std::iota(pieces.begin(), pieces.end(), stripe * before);
  return pieces;
}

// --- placement

// Nodes that live, have room and are not taken, the best first.
std::vector<std::uint32_t> ShardedStore::place(const std::string& name, std::size_t group, std::size_t count,
                                               Bytes size, const std::vector<std::uint32_t>& taken) const {
  std::vector<std::uint32_t> fits;
  // Nodes that are equal take turns, or parity would always lie on the same ones.
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto node = static_cast<std::uint32_t>((group + i) % nodes_.size());
    if (nodes_[node].alive && !has(taken, node) && nodes_[node].used + size <= nodes_[node].capacity)
      fits.push_back(node);
  }
  if (fits.size() < count)
    fail_with("only " + std::to_string(fits.size()) + " nodes have room for a piece of " + quoted(name) + ", " +
              std::to_string(count) + " are needed");
  const auto order_by = [&](auto key) {
    std::stable_sort(fits.begin(), fits.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  };
  const std::size_t all = nodes_.size();
  switch (settings_.placement) {
    case PiecePlacement::least_full: order_by([&](std::uint32_t n) { return nodes_[n].used.count; }); break;
    case PiecePlacement::round_robin:
      order_by([&](std::uint32_t n) { return (n + all - (group * count) % all) % all; });
      break;
    // Rendezvous hashing: a node that comes or goes moves only what it wins or had.
    case PiecePlacement::hash: order_by([&](std::uint32_t n) { return mix(hash_of(name) + group, n); }); break;
  }
  fits.resize(count);
  return fits;
}

void ShardedStore::take(const StoredPiece& piece) {
  for (const std::uint32_t node : piece.nodes) nodes_[node].used += piece.size;
}

// --- commands

void ShardedStore::send(const StoredPiece& piece, std::uint32_t client, std::vector<PieceMove>& moves) const {
  std::uint32_t from = client;
  std::vector<std::uint32_t> chain = piece.nodes;
  std::stable_partition(chain.begin(), chain.end(), [&](std::uint32_t node) { return node == client; });
  for (const std::uint32_t node : chain) {
    moves.push_back({from, node, piece.size});
    from = node;
  }
}

StorePlan ShardedStore::create(const std::string& name, Bytes size, std::uint32_t client) {
  check_client(client);
  if (!nodes_[client].alive) fail_with("the client's node is lost");
  if (objects_.contains(name)) fail_with("there is an object called " + quoted(name) + " already");
  if (size.count < 1) fail_with("an object of no size, expected at least 1 B");
  const std::int64_t count = (size.count + settings_.piece_size.count - 1) / settings_.piece_size.count;
  if (count > most_pieces) fail_with("more than a million pieces, expected larger ones");

  StorePlan plan;
  plan.phases.emplace_back();
  ShardedObject made{size, {}};
  const std::vector<Node> before = nodes_;
  try {
    const auto data = static_cast<std::int64_t>(settings_.erasure() ? settings_.data : 1);
    for (std::int64_t first = 0; first < count; first += data) {
      std::vector<Bytes> sizes;
      for (std::int64_t i = first; i < std::min(count, first + data); ++i)
        sizes.push_back({std::min(settings_.piece_size.count, size.count - i * settings_.piece_size.count)});
      const std::size_t in_stripe = sizes.size();
      for (int p = 0; p < settings_.parity && settings_.erasure(); ++p) sizes.push_back(sizes.front());
      const std::size_t width = settings_.erasure() ? sizes.size() : static_cast<std::size_t>(settings_.replicas);
      const auto group = static_cast<std::size_t>(first / data);
      const std::vector<std::uint32_t> nodes = place(name, group, width, sizes.front(), {});
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        StoredPiece piece{sizes[i], settings_.erasure() ? std::vector{nodes[i]} : nodes};
        take(piece);
        send(piece, client, plan.phases.back());
        made.pieces.push_back(std::move(piece));
      }
      plan.pieces += static_cast<std::int64_t>(settings_.erasure() ? sizes.size() : in_stripe);
    }
  } catch (const StoreError&) {
    nodes_ = before;
    throw;
  }
  objects_.emplace(name, std::move(made));
  return plan;
}

// A piece's copy at the receiver, else at the node that gives least so far.
std::uint32_t ShardedStore::best_source(const StoredPiece& piece, std::uint32_t to, const Load& load) const {
  if (has(piece.nodes, to)) return to;
  return *std::min_element(piece.nodes.begin(), piece.nodes.end(),
                           [&](std::uint32_t a, std::uint32_t b) { return load[a] < load[b]; });
}

// Brings these pieces of a stripe to a node: themselves, or with one that is missing so many others as give it back.
void ShardedStore::fetch(const ShardedObject& object, const std::vector<std::size_t>& wanted, std::size_t stripe,
                         std::uint32_t to, Load& load, StorePlan& plan, std::vector<PieceMove>& moves) const {
  const auto is_there = [&](std::size_t i) { return !object.pieces[i].nodes.empty(); };
  std::vector<std::size_t> from = wanted;
  if (!std::all_of(wanted.begin(), wanted.end(), is_there)) {
    std::vector<std::size_t> there;
    for (const std::size_t i : pieces_of(object, stripe))
      if (is_there(i)) there.push_back(i);
    if (there.size() < data_of(object, stripe)) fail_with("too many of its pieces are lost");
    // Those that are wanted anyway come first, as they stand first.
    there.resize(data_of(object, stripe));
    plan.degraded += std::count_if(wanted.begin(), wanted.end(), [&](std::size_t i) { return !is_there(i); });
    from = std::move(there);
  }
  for (const std::size_t i : from) {
    const std::uint32_t source = best_source(object.pieces[i], to, load);
    load[source] += object.pieces[i].size.count;
    moves.push_back({source, to, object.pieces[i].size});
  }
  plan.pieces += static_cast<std::int64_t>(wanted.size());
}

StorePlan ShardedStore::read(const std::string& name, std::uint32_t client) const {
  check_client(client);
  if (!nodes_[client].alive) fail_with("the client's node is lost");
  const ShardedObject& wanted = object(name);
  if (!readable(wanted)) fail_with("too many pieces of " + quoted(name) + " are lost");
  StorePlan plan;
  plan.phases.emplace_back();
  Load load(nodes_.size());
  for (std::size_t stripe = 0; stripe < stripes(wanted); ++stripe) {
    std::vector<std::size_t> pieces = pieces_of(wanted, stripe);
    pieces.resize(settings_.erasure() ? data_of(wanted, stripe) : 1);
    fetch(wanted, pieces, stripe, client, load, plan, plan.phases.back());
  }
  return plan;
}

StorePlan ShardedStore::write(const std::string& name, Bytes offset, Bytes size, std::uint32_t client) {
  check_client(client);
  if (!nodes_[client].alive) fail_with("the client's node is lost");
  const ShardedObject& wanted = object(name);
  if (offset.count < 0 || size.count < 1 || offset.count > wanted.size.count - size.count)
    fail_with("bytes outside of " + quoted(name) + ", which has " + std::to_string(wanted.size.count) + " B");
  StorePlan plan;
  plan.phases.resize(settings_.erasure() ? 2 : 1);
  Load load(nodes_.size());
  std::int64_t at = 0;  // of the object's bytes
  for (std::size_t stripe = 0; stripe < stripes(wanted); ++stripe) {
    std::vector<std::size_t> pieces = pieces_of(wanted, stripe);
    const std::size_t data = settings_.erasure() ? data_of(wanted, stripe) : 1;
    std::vector<std::size_t> changed;
    bool whole = true;
    for (std::size_t i = 0; i < data; ++i) {
      const std::int64_t end = at + wanted.pieces[pieces[i]].size.count;
      const bool touched = at < offset.count + size.count && offset.count < end;
      if (touched) changed.push_back(pieces[i]);
      whole = whole && offset.count <= at && end <= offset.count + size.count;
      at = end;
    }
    if (changed.empty()) continue;
    // Old data and old parity give the new parity; a whole stripe needs nothing old.
    if (settings_.erasure())
      changed.insert(changed.end(), pieces.begin() + static_cast<std::ptrdiff_t>(data), pieces.end());
    for (const std::size_t i : changed)
      if (wanted.pieces[i].nodes.empty())
        fail_with("pieces of " + quoted(name) + " are missing, expected a repair first");
    if (settings_.erasure() && !whole) {
      fetch(wanted, changed, stripe, client, load, plan, plan.phases.front());
      plan.pieces -= static_cast<std::int64_t>(changed.size());
    }
    for (const std::size_t i : changed) send(wanted.pieces[i], client, plan.phases.back());
    plan.pieces += static_cast<std::int64_t>(changed.size());
  }
  return plan;
}

void ShardedStore::remove(const std::string& name) {
  for (const StoredPiece& piece : object(name).pieces)
    for (const std::uint32_t node : piece.nodes) nodes_[node].used = {nodes_[node].used.count - piece.size.count};
  objects_.erase(name);
}

// --- nodes that are lost

void ShardedStore::fail(std::uint32_t node) {
  check_client(node);
  if (!nodes_[node].alive) fail_with("that node is lost already");
  nodes_[node].alive = false;
  nodes_[node].used = {};
  for (auto& [name, object] : objects_)
    for (StoredPiece& piece : object.pieces) std::erase(piece.nodes, node);
}

void ShardedStore::join(std::uint32_t node) {
  check_client(node);
  if (nodes_[node].alive) fail_with("that node is there");
  nodes_[node].alive = true;
}

std::int64_t ShardedStore::missing(const ShardedObject& object) const {
  std::int64_t missing = 0;
  for (const StoredPiece& piece : object.pieces)
    missing += settings_.replicas - static_cast<std::int64_t>(piece.nodes.size());
  return missing;
}

bool ShardedStore::readable(const ShardedObject& object) const {
  for (std::size_t stripe = 0; stripe < stripes(object); ++stripe) {
    const std::vector<std::size_t> pieces = pieces_of(object, stripe);
    const auto there = static_cast<std::size_t>(
        std::count_if(pieces.begin(), pieces.end(), [&](std::size_t i) { return !object.pieces[i].nodes.empty(); }));
    if (there < (settings_.erasure() ? data_of(object, stripe) : 1)) return false;
  }
  return true;
}

void ShardedStore::repair_stripe(const std::string& name, ShardedObject& object, std::size_t stripe, Load& load,
                                 StorePlan& plan) {
  const std::vector<std::size_t> pieces = pieces_of(object, stripe);
  if (!settings_.erasure()) {
    StoredPiece& piece = object.pieces[pieces.front()];
    const auto lacking = static_cast<std::size_t>(settings_.replicas) - piece.nodes.size();
    if (lacking == 0 || piece.nodes.empty()) return;
    for (const std::uint32_t node : place(name, stripe, lacking, piece.size, piece.nodes)) {
      const std::uint32_t source = best_source(piece, node, load);
      load[source] += piece.size.count;
      plan.phases.back().push_back({source, node, piece.size});
      nodes_[node].used += piece.size;
      piece.nodes.push_back(node);
      plan.repaired.push_back({name, pieces.front(), node});
      ++plan.pieces;
    }
    return;
  }
  std::vector<std::uint32_t> taken;
  std::vector<std::size_t> lost;
  for (const std::size_t i : pieces) {
    if (object.pieces[i].nodes.empty()) lost.push_back(i);
    taken.insert(taken.end(), object.pieces[i].nodes.begin(), object.pieces[i].nodes.end());
  }
  if (lost.empty() || pieces.size() - lost.size() < data_of(object, stripe)) return;
  const std::vector<std::uint32_t> homes = place(name, stripe, lost.size(), object.pieces[lost.front()].size, taken);
  // One of the new homes rebuilds them all and hands the others theirs.
  fetch(object, lost, stripe, homes.front(), load, plan, plan.phases.front());
  for (std::size_t i = 0; i < lost.size(); ++i) {
    StoredPiece& piece = object.pieces[lost[i]];
    if (i > 0) plan.phases.back().push_back({homes.front(), homes[i], piece.size});
    piece.nodes = {homes[i]};
    plan.repaired.push_back({name, lost[i], homes[i]});
    take(piece);
  }
}

StorePlan ShardedStore::repair() {
  StorePlan plan;
  plan.phases.resize(settings_.erasure() ? 2 : 1);
  const std::vector<Node> nodes_before = nodes_;
  const std::map<std::string, ShardedObject> objects_before = objects_;
  Load load(nodes_.size());
  try {
    for (auto& [name, object] : objects_)
      for (std::size_t stripe = 0; stripe < stripes(object); ++stripe) repair_stripe(name, object, stripe, load, plan);
  } catch (const StoreError&) {
    nodes_ = nodes_before;
    objects_ = objects_before;
    throw;
  }
  return plan;
}

void ShardedStore::take_back(const StorePlan& repair) {
  for (const RepairedPiece& made : repair.repaired) {
    const auto object = objects_.find(made.object);
    if (object == objects_.end()) continue;
    StoredPiece& piece = object->second.pieces[made.piece];
    if (std::erase(piece.nodes, made.node) > 0)
      nodes_[made.node].used = {nodes_[made.node].used.count - piece.size.count};
  }
}

void ShardedStore::restore(const std::string& name, ShardedObject object) {
  for (const StoredPiece& piece : object.pieces) {
    for (const std::uint32_t node : piece.nodes) check_client(node);
    take(piece);
  }
  objects_[name] = std::move(object);
}

}  // namespace raysim
