// Monte Carlo estimate of pi. Samplers report to a progress actor, which the driver asks once a second.
#include <raysim/ray.hpp>

using namespace std::chrono_literals;

class Progress {
 public:
  explicit Progress(int samplers) : done_(static_cast<std::size_t>(samplers)) {}
  void report(int sampler, double share) { done_[static_cast<std::size_t>(sampler)] = share; }
  double share() const {
    double sum = 0;
    for (const double share : done_) sum += share;
    return sum / static_cast<double>(done_.size());
  }

 private:
  std::vector<double> done_;  // by sampler
};

constexpr ray::Duration time_of_a_point = 100ns;
constexpr std::int64_t rounds = 10;
constexpr std::int64_t drawn_a_round =
    1'000;  // so many stand for all points of a round, or simulating took as long as running

// The share of the points that lie in the circle.
ray::Task<double> sample(ray::Context& ray, int sampler, std::int64_t points, ray::Actor<Progress> progress) {
  ray::Random random = ray.random();
  std::int64_t inside = 0;
  for (std::int64_t round = 1; round <= rounds; ++round) {
    for (std::int64_t i = 0; i < drawn_a_round; ++i) {
      const double x = random.uniform(-1, 1);
      const double y = random.uniform(-1, 1);
      inside += x * x + y * y <= 1 ? 1 : 0;
    }
    co_await ray.compute(time_of_a_point * (points / rounds));
    co_await ray.call<&Progress::report>(progress, sampler, static_cast<double>(round) / rounds);
  }
  co_return static_cast<double>(inside) / (rounds * drawn_a_round);
}

ray::Task<void> driver(ray::Context& ray) {
  const auto samplers = ray.parameter<int>("samplers");
  const auto points = ray.parameter<std::int64_t>("points");
  const auto progress = co_await ray.create_actor<Progress>(samplers);
  std::vector<ray::Ref<double>> results;
  for (int i = 0; i < samplers; ++i) results.push_back(co_await ray.remote<sample>(i, points, progress));
  for (double share = 0; share < 1;) {
    co_await ray.sleep(1s);
    const auto answer = co_await ray.call<&Progress::share>(progress);
    share = co_await ray.get(answer);
    ray.print("progress:", static_cast<int>(100 * share), "%");
  }
  double inside = 0;
  for (const double share : co_await ray.get(results)) inside += share / samplers;
  ray.print("pi is about", 4 * inside);
  if (std::abs(4 * inside - 3.14159) > 0.05) throw std::runtime_error("this is not pi");
}

const ray::Program raysim_program{driver, {{"samplers", 24}, {"points", 10'000'000}}};
