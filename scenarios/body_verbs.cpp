// The verbs of a C++ program that wait, one class each.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/body_host.hpp"
#include "scenarios/body_step.hpp"
#include "scenarios/program_options.hpp"

namespace raysim {

using ray::host::ObjectId;
using ray::host::StepPointer;

namespace {

std::vector<ObjectRef> refs_of(const std::vector<ObjectId>& ids) {
  std::vector<ObjectRef> refs(ids.size());
  std::transform(ids.begin(), ids.end(), refs.begin(), [](ObjectId id) { return ObjectRef{{id.owner}, id.index}; });
  return refs;
}
std::vector<ObjectId> ids_of(const std::vector<ObjectRef>& refs) {
  std::vector<ObjectId> ids(refs.size());
  std::transform(refs.begin(), refs.end(), ids.begin(), [](ObjectRef ref) {
    return ObjectId{ref.owner.index, ref.index};
  });
  return ids;
}

std::optional<Duration> timeout_of(std::optional<ray::Duration> timeout) {
  if (!timeout) return std::nullopt;
  return checked_duration(*timeout, "the timeout");
}

class GetVerb final : public BodyStep {
 public:
  GetVerb(BodyHost& host, const std::vector<ObjectId>& refs, const ray::GetOptions& options)
      : BodyStep(host, "get"), refs_(refs_of(refs)), options_(options) {}

 private:
  void begin() override {
    const std::optional<Duration> timeout = timeout_of(options_.timeout);
    body_ = options_.use_object_store ? context().get_through_store(refs_, timeout) : context().get(refs_, timeout);
  }
  void gather() override {
    found.values.reserve(refs_.size());
    for (const ObjectRef ref : refs_) found.values.push_back(context().value(ref).data);
  }

  std::vector<ObjectRef> refs_;
  ray::GetOptions options_;
};

class WaitVerb final : public BodyStep {
 public:
  WaitVerb(BodyHost& host, const std::vector<ObjectId>& refs, const ray::WaitOptions& options)
      : BodyStep(host, "wait"), refs_(refs_of(refs)), options_(options) {}

 private:
  void begin() override {
    body_ = context().wait(std::move(refs_), options_.num_returns, timeout_of(options_.timeout), result_,
                           options_.fetch_local);
  }
  void gather() override {
    found.lives = &lives();
    found.ready = ids_of(result_.ready);
    found.pending = ids_of(result_.pending);
  }

  std::vector<ObjectRef> refs_;
  ray::WaitOptions options_;
  WaitResult result_;
};

class YieldVerb final : public BodyStep {
 public:
  YieldVerb(BodyHost& host, ProgramRun& run, ray::host::Value item)
      : BodyStep(host, "yield"), run_(run), item_(std::move(item)) {}

 private:
  void begin() override { body_ = context().yield(run_.payload_of(item_)); }

  ProgramRun& run_;
  ray::host::Value item_;
};

class NextVerb final : public BodyStep {
 public:
  NextVerb(BodyHost& host, ObjectId generator)
      : BodyStep(host, "next"), generator_{{generator.owner}, generator.index} {}

 private:
  void begin() override { body_ = context().next(generator_, item_); }
  void gather() override {
    found.lives = &lives();
    if (item_) found.ready = ids_of({*item_});
  }

  ObjectRef generator_;
  std::optional<ObjectRef> item_;
};

class WorkVerb final : public BodyStep {
 public:
  WorkVerb(BodyHost& host, bool computes, ray::Duration duration)
      : BodyStep(host, computes ? "compute" : "sleep"), computes_(computes), duration_(duration) {}

 private:
  void begin() override {
    const Duration duration = checked_duration(duration_, computes_ ? "the time to compute" : "the time to sleep");
    pause_.emplace(computes_ ? context().compute(duration) : context().sleep(duration));
  }

  bool computes_;
  ray::Duration duration_;
};

class DiskVerb final : public BodyStep {
 public:
  DiskVerb(BodyHost& host, bool write, std::int64_t size)
      : BodyStep(host, write ? "write_disk" : "read_disk"), write_(write), size_(size) {}

 private:
  void begin() override {
    if (size_ < 0) throw RayError(ErrorType::value_error, "the size is negative");
    body_ = context().use_disk(write_ ? DiskUse::write : DiskUse::read, {size_});
  }

  bool write_;
  std::int64_t size_;
};

// What finds an actor.
class FindActorVerb : public BodyStep {
 public:
  FindActorVerb(BodyHost& host, const char* name, const ProgramRun& run, const void* of_class)
      : BodyStep(host, name), run_(run), of_class_(of_class) {}

 protected:
  ActorHandle actor_;

 private:
  // Names belong to all classes.
  void gather() override {
    const FunctionId constructor = context().spec(actor_).constructor;
    const auto made_by = [&](const auto& entry) { return entry.second == constructor; };
    const ray::host::Function& maker = *std::find_if(run_.numbers.begin(), run_.numbers.end(), made_by)->first;
    if (maker.class_tag != of_class_)
      throw RayError(ErrorType::value_error,
                     fmt::format("the actor named {} is a {}", context().spec(actor_).options.name, maker.name));
    found.actor = std::make_shared<const ActorHandle>(std::move(actor_));
  }

  const ProgramRun& run_;
  const void* of_class_;
};

class CreateActorVerb final : public FindActorVerb {
 public:
  // Options are views, so they are read at once.
  CreateActorVerb(BodyHost& host, ProgramRun& run, const void* of_class, FunctionId constructor,
                  const ray::ActorOptions& options, std::vector<ray::host::Argument> args, TaskContext& context)
      : FindActorVerb(host, "create_actor", run, of_class),
        program_(run),
        constructor_(constructor),
        args_(std::move(args)) {
    try {
      options_ = actor_options(options, context);
    } catch (const RayError& error) {
      wrong_ = error;
    }
  }

 private:
  void begin() override {
    if (wrong_) throw RayError(*wrong_);
    body_ = context().create_actor(constructor_, std::move(options_), arguments_of(program_, args_), actor_);
  }

  ProgramRun& program_;
  FunctionId constructor_;
  ActorOptions options_;
  std::optional<RayError> wrong_;
  std::vector<ray::host::Argument> args_;
};

class GetActorVerb final : public FindActorVerb {
 public:
  GetActorVerb(BodyHost& host, const ProgramRun& run, const void* of_class, std::string_view name,
               std::string_view name_space)
      : FindActorVerb(host, "get_actor", run, of_class), name_(name), name_space_(name_space) {}

 private:
  void begin() override { body_ = context().get_actor(std::move(name_), std::move(name_space_), actor_); }

  std::string name_;
  std::string name_space_;
};

class CreateGroupVerb final : public BodyStep {
 public:
  // Bundles and options are views, so they are read at once.
  CreateGroupVerb(BodyHost& host, std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options,
                  TaskContext& context)
      : BodyStep(host, "placement_group") {
    try {
      spec_ = std::make_shared<const PlacementGroupSpec>(group_spec(bundles, options, context));
    } catch (const RayError& error) {
      wrong_ = error;
    }
  }

 private:
  void begin() override {
    if (wrong_) throw RayError(*wrong_);
    const PlacementGroupId group = context().new_group_id();
    found.group = {group.index};
    body_ = context().create_group(group, spec_);
  }

  std::shared_ptr<const PlacementGroupSpec> spec_;
  std::optional<RayError> wrong_;
};

class WaitGroupVerb final : public BodyStep {
 public:
  WaitGroupVerb(BodyHost& host, ray::PlacementGroup group, ray::Duration timeout)
      : BodyStep(host, "wait"), group_(group), timeout_(timeout) {}

 private:
  void begin() override {
    body_ = context().wait_group({group_.id}, checked_duration(timeout_, "the timeout"), found.in_time);
  }

  ray::PlacementGroup group_;
  ray::Duration timeout_;
};

class LookUpGroupVerb final : public BodyStep {
 public:
  LookUpGroupVerb(BodyHost& host, ray::PlacementGroup group) : BodyStep(host, "nodes_of"), group_(group) {}

 private:
  void begin() override { body_ = context().look_up_group({group_.id}, nodes_); }
  void gather() override {
    for (const NodeId node : nodes_)
      found.nodes.push_back(node == no_node ? std::string() : context().cluster().nodes[node.index].name);
  }

  ray::PlacementGroup group_;
  std::vector<NodeId> nodes_;
};

class RemoveGroupVerb final : public BodyStep {
 public:
  RemoveGroupVerb(BodyHost& host, ray::PlacementGroup group) : BodyStep(host, "remove"), group_(group) {}

 private:
  void begin() override { body_ = context().remove_group({group_.id}); }

  ray::PlacementGroup group_;
};

}  // namespace

StepPointer BodyHost::get(std::vector<ObjectId> refs, const ray::GetOptions& options) {
  return std::make_unique<GetVerb>(*this, refs, options);
}
StepPointer BodyHost::wait(std::vector<ObjectId> refs, const ray::WaitOptions& options) {
  return std::make_unique<WaitVerb>(*this, refs, options);
}
StepPointer BodyHost::yield(ray::host::Value item) { return std::make_unique<YieldVerb>(*this, run_, std::move(item)); }
StepPointer BodyHost::next(ObjectId generator) { return std::make_unique<NextVerb>(*this, generator); }
StepPointer BodyHost::sleep(ray::Duration duration) { return std::make_unique<WorkVerb>(*this, false, duration); }
StepPointer BodyHost::compute(ray::Duration duration) { return std::make_unique<WorkVerb>(*this, true, duration); }
StepPointer BodyHost::use_disk(bool write, std::int64_t size) { return std::make_unique<DiskVerb>(*this, write, size); }
StepPointer BodyHost::create_actor(const ray::host::Function& constructor, const ray::ActorOptions& options,
                                   std::vector<ray::host::Argument> args) {
  return std::make_unique<CreateActorVerb>(*this, run_, constructor.class_tag, number_of(constructor), options,
                                           std::move(args), context_);
}
StepPointer BodyHost::get_actor(std::string_view name, std::string_view name_space, const void* of_class) {
  return std::make_unique<GetActorVerb>(*this, run_, of_class, name, name_space);
}
StepPointer BodyHost::create_group(std::span<const ray::Bundle> bundles, const ray::PlacementGroupOptions& options) {
  return std::make_unique<CreateGroupVerb>(*this, bundles, options, context_);
}
StepPointer BodyHost::wait_group(ray::PlacementGroup group, ray::Duration timeout) {
  return std::make_unique<WaitGroupVerb>(*this, group, timeout);
}
StepPointer BodyHost::look_up_group(ray::PlacementGroup group) {
  return std::make_unique<LookUpGroupVerb>(*this, group);
}
StepPointer BodyHost::remove_group(ray::PlacementGroup group) {
  return std::make_unique<RemoveGroupVerb>(*this, group);
}

}  // namespace raysim
