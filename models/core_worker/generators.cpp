// Generators: what their bodies hand out, what their owners keep of it, how consumers take it. Mirrors
// python/ray/_raylet.pyx (streaming generators), generator_waiter.cc and task_manager.cc (2.60).
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

// --- the executor

Body TaskContext::yield(Payload item) {
  const bool driver = worker_.role_ == CoreWorker::Role::driver;
  const int returns = driver ? 0 : worker_.executed_function(slot_).num_returns;
  if (returns >= 0) throw RayError(ErrorType::value_error, "yield in a function that is no generator");
  thread_.charge(runtime_.profile.costs.generator_item);
  if (returns == dynamic_returns) {
    set_return(returns_.size(), std::move(item));
  } else {
    charge_references(item);
    const bool in_store = item.size > worker_.inline_limit() && put_item(item.size);
    if (in_store) {
      const Pause writing = pause();
      co_await writing;
    }
    report_item(std::move(item), ErrorType::none, in_store);
    if (too_far()) {
      ++wait_;
      waits_ = Waits::consumer;
      doing_ = Doing::blocked;
      blocked_since_ = thread_.now();
      const Pause waiting{*this, true, false};
      co_await waiting;
      waits_ = Waits::nothing;
      check_signals();
    }
  }
  const Pause busy = pause();
  co_await busy;
}

bool TaskContext::too_far() const {
  return input_->generator_backpressure >= 0 && generated_ - consumed_ >= input_->generator_backpressure;
}

// An item that is too large for a report lies in the store of this node. False: nobody owns it any more.
bool TaskContext::put_item(Bytes size) {
  const auto name = worker_.name_of_item(slot_, yielded());
  if (!name) return false;
  worker_.create_in_store(thread_, *name, size, {id_, 0});
  ++putting_;
  return true;
}

void TaskContext::report_item(Payload value, ErrorType error, bool in_store) {
  const PushTask& push = worker_.executions_[slot_].push;
  const Bytes size = in_store ? Bytes{} : value.size;
  if (value.contains)
    if (const auto name = worker_.name_of_item(slot_, yielded()))
      worker_.references_->add_nested(*name, value.inner(), push.owner.station);
  auto item = std::make_unique<GeneratorItem>();
  item->value = std::move(value);
  item->error = error;
  if (error != ErrorType::none) item->message = message_;
  item->path = path_;
  if (in_store) item->node = worker_.node_;
  item->index = static_cast<std::uint32_t>(generated_++);
  item->attempt = push.attempt;
  item->context = id_;
  item->run = run_;
  ++unanswered_;
  thread_.send(push.owner, ReportGeneratorItem{worker_.address_, push.task, std::move(item)}, size);
}

// The body is over. Its error is the last item; the task ends when its owner has answered all reports.
bool TaskContext::ends_later() {
  if (worker_.role_ == CoreWorker::Role::driver) return false;
  if (worker_.executed_function(slot_).num_returns != streaming_returns) return false;
  if (outcome_ == ErrorType::keyboard_interrupt) return false;
  if (outcome_ != ErrorType::none) report_item({}, ErrorType::task_error, false);
  if (unanswered_ == 0) return false;
  waits_ = Waits::answers;
  doing_ = Doing::blocked;
  blocked_since_ = thread_.now();
  return true;
}

void TaskContext::report_answered(Station& io, const GeneratorItemReply& reply) {
  if (reply.run != run_) return;
  --unanswered_;
  consumed_ = std::max(consumed_, reply.consumed == GeneratorItemReply::all ? generated_ : reply.consumed);
  if (waits_ == Waits::consumer && !too_far()) wake(io);
  if (waits_ == Waits::answers && unanswered_ == 0) end_waiting(io);
}

void TaskContext::end_waiting(Station& io) {
  waits_ = Waits::nothing;
  doing_ = Doing::running;
  io.hand_over(address_, BodyEnded{id_});
}

void CoreWorker::on_unreachable(const ReportGeneratorItem& report) {
  const GeneratorItem& item = *report.item;
  on(GeneratorItemReply{item.context, item.run, GeneratorItemReply::all});
}

// --- the owner

void CoreWorker::open_stream(std::uint32_t task, const RemoteFunction& function, std::int64_t backpressure) {
  if (function.num_returns != streaming_returns) return;
  streams_.emplace(task, ObjectStream(backpressure));
  if (tasks_.task(task).input) tasks_.task(task).input->generator_backpressure = backpressure;
}

std::uint32_t CoreWorker::item_object(std::uint32_t task, std::uint32_t item) {
  ObjectStream& stream = streams_.at(task);
  if (const auto known = stream.object_of(item)) return *known;
  const std::uint32_t object = tasks_.add_item(task);
  stream.set_object(item, object);
  const OwnedObject& generator = tasks_.object(tasks_.task(task).first_object);
  if (stream.ended_before(item)) tasks_.make_ready(object, ErrorType::end_of_stream, {}, generator.heard);
  return object;
}

ObjectRef CoreWorker::item(std::uint32_t task, std::uint32_t number) {
  return {io_.id(), streams_.contains(task) ? item_object(task, number) : tasks_.add_item(task)};
}

void CoreWorker::on(ReportGeneratorItem report) {
  GeneratorItem& item = *report.item;
  const ObjectStream::Report whose{report.executor, item.context, item.run};
  ObjectStream& stream = streams_.at(report.task);
  if (item.attempt < tasks_.task(report.task).attempt) return answer_report(io_, whose, GeneratorItemReply::all);
  if (stream.write(item.index)) {
    const std::uint32_t object = item_object(report.task, item.index);
    if (item.node != no_node) {
      tasks_.object(object).in_store = true;
      stored().add({io_.id(), object}, item.value.size, item.node);
    }
    set_value(object, std::move(item.value));
    if (!item.message.empty()) tasks_.set_error_text(object, std::move(item.message));
    make_ready(object, item.error, item.path);
    if (tasks_.object(tasks_.task(report.task).first_object).out_of_scope) drop(object);
  }
  if (stream.answers_now(item.index, whose)) answer_report(io_, whose, stream.consumed());
}

void CoreWorker::answer_report(Station& thread, const ObjectStream::Report& report, std::int64_t consumed) {
  thread.send(report.executor, GeneratorItemReply{report.context, report.run, consumed});
}

// An error that its body raised is the last item, and no error of the generator.
void CoreWorker::finish_generator(const Ending& end) {
  const OwnedTask& task = tasks_.task(end.task);
  const std::uint32_t generator = task.first_object;
  const bool told = end.error == ErrorType::task_error && end.output;
  if (end.output && !told && !end.output->message.empty()) tasks_.set_error_text(generator, end.output->message);
  if (runtime_.functions[task.function.index].num_returns == dynamic_returns) return finish_dynamic(end, told);
  make_ready(generator, told ? ErrorType::none : end.error, end.path);
  ObjectStream& stream = streams_.at(end.task);
  stream.end(end.output ? std::optional(end.output->yielded) : std::nullopt);
  for (const std::uint32_t object : stream.beyond_end()) make_ready(object, ErrorType::end_of_stream, end.path);
}

void CoreWorker::finish_dynamic(const Ending& end, bool told) {
  const std::uint32_t generator = tasks_.task(end.task).first_object;
  std::vector<ObjectRef> items;
  const auto add = [&](Payload value, ErrorType error, std::uint32_t object) {
    set_value(object, std::move(value));
    if (error != ErrorType::none) tasks_.set_error_text(object, end.output->message);
    make_ready(object, error, end.path);
    items.push_back({io_.id(), object});
  };
  if (end.error == ErrorType::none || told) {
    if (end.output)
      for (std::size_t i = 0; i < end.output->returns.size(); ++i) {
        const bool named = i < end.output->items.size();
        add(std::move(end.output->returns[i]), ErrorType::none,
            named ? end.output->items[i].index : tasks_.add_item(end.task));
      }
    if (told) add({}, ErrorType::task_error, tasks_.add_item(end.task));
    const Bytes size{static_cast<std::int64_t>(items.size() * sizeof(ObjectRef))};
    tasks_.set_value(generator, {std::make_shared<const HeldRefs>(references_, std::move(items)), size});
  }
  make_ready(generator, told ? ErrorType::none : end.error, end.path);
}

// Nobody will take what it has not taken.
void CoreWorker::drop_items(std::uint32_t task) {
  const auto stream = streams_.find(task);
  if (stream == streams_.end()) return;
  for (const std::uint32_t object : stream->second.untaken()) drop(object);
}

// --- the consumer

std::uint32_t TaskContext::stream_of(ObjectRef generator) const {
  const bool own = generator.owner == worker_.io_.id();
  const std::uint32_t task = own ? worker_.tasks_.object(generator.index).task : OwnedObject::no_task;
  if (!worker_.streams_.contains(task))
    throw RayError(ErrorType::value_error, "not a streaming generator of this process");
  return task;
}

ObjectRef TaskContext::peek(ObjectRef generator) {
  const std::uint32_t task = stream_of(generator);
  return {worker_.io_.id(), worker_.item_object(task, worker_.streams_.at(task).consumed())};
}

Body TaskContext::next(ObjectRef generator, std::optional<ObjectRef>& item) {
  item.reset();
  const ObjectRef expected = peek(generator);
  if (!is_known(expected.index)) {
    WaitResult result;
    Body waiting = wait({expected}, 1, std::nullopt, result, false);
    co_await waiting;
  }
  ObjectStream& stream = worker_.streams_.at(stream_of(generator));
  if (stream.ended_before(stream.consumed())) {
    if (failed(generator.index) && !std::exchange(stream.error_told, true)) item = generator;
    co_return;
  }
  thread_.charge(runtime_.profile.costs.get_object);
  for (const ObjectStream::Report& report : stream.consume()) worker_.answer_report(thread_, report, stream.consumed());
  item = expected;
}

std::span<const ObjectRef> TaskContext::items(ObjectRef generator) const {
  return static_cast<const HeldRefs*>(value(generator).data.get())->refs();
}

}  // namespace raysim
