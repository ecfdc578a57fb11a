// Training with a parameter server: an actor has the weights, workers fetch them, compute a gradient on their part of the data, and
// send it. Synchronous: a step waits for all workers. Asynchronous: each worker goes on by itself, with weights that may be stale.
#include <raysim/ray.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace std::chrono_literals;

using Vector = std::vector<double>;

// Points of y = 3 a - 2 b + 1 with noise, as rows (a, b, 1, y).
struct Data {
  std::vector<Vector> rows;
};
template <>
struct ray::SizeOf<Data> {
  static std::int64_t of(const Data& data) { return static_cast<std::int64_t>(data.rows.size() * 4 * sizeof(double)); }
};

class ParameterServer {
 public:
  explicit ParameterServer(double rate) : rate_(rate) {}
  Vector weights() const { return weights_; }
  ray::Task<void> apply(ray::Context& ray, const Vector& gradient) {
    co_await ray.compute(1ms);
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] -= rate_ * gradient[i];
  }

 private:
  double rate_;
  Vector weights_ = Vector(3);
};

ray::Task<Data> load(ray::Context& ray, int rows) {
  ray::Random random = ray.random();
  co_await ray.compute(200ms);
  Data data;
  for (int i = 0; i < rows; ++i) {
    const double a = random.uniform(-1, 1);
    const double b = random.uniform(-1, 1);
    data.rows.push_back({a, b, 1, 3 * a - 2 * b + 1 + random.normal(0, 0.1)});
  }
  co_return data;
}

// Of the mean squared error.
ray::Task<Vector> gradient(ray::Context& ray, const Data& data, const Vector& weights) {
  ray::Random random = ray.random();
  co_await ray.compute(random.exponential(0.02) * 1s);
  Vector sum(weights.size());
  for (const Vector& row : data.rows) {
    double error = -row[3];
    for (std::size_t i = 0; i < weights.size(); ++i) error += weights[i] * row[i];
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum[i] += 2 * error * row[i] / static_cast<double>(data.rows.size());
  }
  co_return sum;
}

struct Job {
  ray::Actor<ParameterServer> server;
  std::vector<ray::Ref<Data>> parts;
  int steps;
};

// The results of calls are references; passed on as arguments, they arrive as values, and the driver never sees them.
ray::Task<void> train_synchronously(ray::Context& ray, Job job) {
  for (int step = 0; step < job.steps; ++step) {
    const auto weights = co_await ray.call<&ParameterServer::weights>(job.server);
    std::vector<ray::Ref<Vector>> gradients;
    for (const auto& part : job.parts) gradients.push_back(co_await ray.remote<gradient>(part, weights));
    for (const auto& ready : gradients) co_await ray.call<&ParameterServer::apply>(job.server, ready);
  }
}

ray::Task<void> train_asynchronously(ray::Context& ray, Job job) {
  std::vector<ray::Ref<Vector>> running;
  std::vector<ray::Ref<Data>> data = job.parts;  // of each in `running`
  for (const auto& part : job.parts) {
    const auto weights = co_await ray.call<&ParameterServer::weights>(job.server);
    running.push_back(co_await ray.remote<gradient>(part, weights));
  }
  for (int left = job.steps * static_cast<int>(job.parts.size()); !running.empty(); --left) {
    const auto done = co_await ray.wait(running);
    const auto place = std::find(running.begin(), running.end(), done.ready.front()) - running.begin();
    const auto part = data[static_cast<std::size_t>(place)];
    running.erase(running.begin() + place);
    data.erase(data.begin() + place);
    co_await ray.call<&ParameterServer::apply>(job.server, done.ready.front());
    if (left <= static_cast<int>(job.parts.size())) continue;
    const auto weights = co_await ray.call<&ParameterServer::weights>(job.server);
    running.push_back(co_await ray.remote<gradient>(part, weights));
    data.push_back(part);
  }
}

ray::Task<void> train(ray::Context& ray, bool synchronous) {
  const auto workers = ray.parameter<int>("workers");
  const double rate = 0.5 / workers;
  Job job{{}, {}, ray.parameter<int>("steps")};
  job.server = co_await ray.create_actor<ParameterServer>(rate);
  for (int i = 0; i < workers; ++i) job.parts.push_back(co_await ray.remote<load>(1'000));
  co_await ray.wait(job.parts, {.num_returns = job.parts.size()});
  const auto start = ray.now();
  if (synchronous)
    co_await train_synchronously(ray, job);
  else
    co_await train_asynchronously(ray, job);
  const auto last = co_await ray.call<&ParameterServer::weights>(job.server);
  const Vector found = co_await ray.get(last);
  ray.print(synchronous ? "synchronous: " : "asynchronous:", (ray.now() - start).count(), "s, y =", found[0], "a +",
            found[1], "b +", found[2]);
  if (std::hypot(found[0] - 3, found[1] + 2, found[2] - 1) > 0.1) throw std::runtime_error("the weights are wrong");
}

ray::Task<void> driver(ray::Context& ray) {
  co_await train(ray, true);
  co_await train(ray, false);
}

const ray::Program raysim_program{driver, {{"workers", 8}, {"steps", 40}}};
