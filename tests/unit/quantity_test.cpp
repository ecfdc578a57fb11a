#include "platforms/quantity.hpp"

#include <doctest/doctest.h>

#include <string>

namespace raysim {

namespace {

template <class Parse>
std::string error_of(Parse parse, std::string_view text) {
  try {
    parse(text);
  } catch (const QuantityError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("durations are exact in every unit") {
  CHECK(parse_duration("7 ns").ns == 7);
  CHECK(parse_duration("93us").ns == 93'000);
  CHECK(parse_duration("10 ms").ns == 10'000'000);
  CHECK(parse_duration("0.5 s").ns == 500'000'000);
  CHECK(parse_duration("2 min").ns == 120'000'000'000);
  CHECK(parse_duration("1 h").ns == 3'600'000'000'000);
  CHECK(parse_duration("0 s").ns == 0);
  CHECK(parse_duration("0.1 s").ns == 100'000'000);
  CHECK(parse_duration("1.1 h").ns == 3'960'000'000'000);
  CHECK(parse_duration("123456.789012345 s").ns == 123'456'789'012'345);
  CHECK(parse_duration("3   s").ns == 3'000'000'000);
}

TEST_CASE("durations are rounded to the nearest nanosecond") {
  CHECK(parse_duration("0.4 ns").ns == 0);
  CHECK(parse_duration("0.5 ns").ns == 1);
  CHECK(parse_duration("0.1234567894 s").ns == 123'456'789);
  CHECK(parse_duration("0.1234567895 s").ns == 123'456'790);
}

TEST_CASE("amounts of data are exact, in powers of 1000 and of 1024") {
  CHECK(parse_bytes("64 B").count == 64);
  CHECK(parse_bytes("100 KB").count == 100'000);
  CHECK(parse_bytes("300MB").count == 300'000'000);
  CHECK(parse_bytes("2 GiB").count == 2'147'483'648);
  CHECK(parse_bytes("1.5 KiB").count == 1'536);
  CHECK(parse_bytes("900 TB").count == 900'000'000'000'000);
  CHECK(parse_bytes("8.4 GiB").count == 9'019'431'322);  // rounded from ...321.6
}

TEST_CASE("bandwidths are bits with a small b and bytes with a large one") {
  CHECK(parse_bandwidth("10 Gbps").bytes_per_second == 1.25e9);
  CHECK(parse_bandwidth("1.25 GBps").bytes_per_second == 1.25e9);
  CHECK(parse_bandwidth("1000 bps").bytes_per_second == 125);
  CHECK(parse_bandwidth("1 GiBps").bytes_per_second == 1'073'741'824);
}

TEST_CASE("what is not a quantity is refused with the units") {
  const std::string form = ", expected a duration such as '0.5 s' (units: ns, us, ms, s, min, h)";
  for (const char* text : {"", " ", "s", "soon", ".5 s", "+1 s", " 1 s", "1. s", "-s", "-"})
    CHECK_MESSAGE(error_of(parse_duration, text) == form, text);
  CHECK(error_of(parse_duration, "5") == "no unit, expected one of ns, us, ms, s, min, h");
  CHECK(error_of(parse_duration, "5 sec") == "unknown unit 'sec', expected one of ns, us, ms, s, min, h");
  CHECK(error_of(parse_duration, "5 s ") == "unknown unit 's ', expected one of ns, us, ms, s, min, h");
  CHECK(error_of(parse_duration, "5 MS") ==
        "unknown unit 'MS', expected one of ns, us, ms, s, min, h, did you mean 'ms'?");
  CHECK(error_of(parse_duration, "1 s\n") == "unknown unit 's\\n', expected one of ns, us, ms, s, min, h");
  CHECK(error_of(parse_duration, "-1 s") == "negative, expected at least 0");
  CHECK(error_of(parse_bytes, "0.5 B") == "not a whole number of bytes, expected whole bytes");
}

TEST_CASE("quantities end where the types end") {
  CHECK(parse_duration("87600 h").ns == 315'360'000'000'000'000);
  CHECK(error_of(parse_duration, "87600.1 h") == "too long, expected at most 87600 h");
  CHECK(error_of(parse_duration, "999999999999999999 h") == "too long, expected at most 87600 h");
  CHECK(error_of(parse_duration, "1000000000000000000 s") == "too many digits, expected at most 18");
  CHECK(error_of(parse_duration, "0.1000000000000000000 s") == "too many digits, expected at most 18 after the point");
  CHECK(parse_duration("0.999999999999999999 h").ns == 3'600'000'000'000);
  CHECK(error_of(parse_bytes, "901 TB") == "too large, expected at most 900 TB");
  CHECK(error_of(parse_bytes, "999999999999999999.999999999999999999 TiB") == "too large, expected at most 900 TB");
  CHECK(error_of(parse_bandwidth, "0 Gbps") == "too small, expected at least 1 Kbps");
  CHECK(error_of(parse_bandwidth, "1001 TBps") == "too large, expected at most 1000 TBps");
}

}  // namespace raysim
