#include "sim/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/random.hpp"

namespace raysim {

double Distribution::draw(RandomStream& stream, std::uint64_t ordinal) const {
  double value = 0;
  switch (kind) {
    case Kind::constant: value = a; break;
    case Kind::list: value = values[ordinal % values.size()]; break;
    case Kind::empirical: value = values[stream.below(values.size())]; break;
    case Kind::uniform: value = a + (b - a) * stream.uniform(); break;
    case Kind::normal: value = a + b * stream.normal(); break;
    case Kind::lognormal: value = std::exp(a + b * stream.normal()); break;
    case Kind::exponential: value = -a * std::log(1.0 - stream.uniform()); break;
    case Kind::pareto: value = a * std::pow(1.0 - stream.uniform(), -1.0 / b); break;
  }
  if (max > 0) value = std::min(value, max);
  return std::max(value, 0.0);
}

double Distribution::mean() const {
  switch (kind) {
    case Kind::constant:
    case Kind::normal:
    case Kind::exponential: return a;
    case Kind::list:
    case Kind::empirical:
      return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    case Kind::uniform: return (a + b) / 2;
    case Kind::lognormal: return std::exp(a + b * b / 2);
    case Kind::pareto: return b > 1 ? a * b / (b - 1) : std::numeric_limits<double>::infinity();
  }
  return 0;
}

}  // namespace raysim
