// Labels and selectors: what text means, and what holds.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "models/labels.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)
using Op = LabelConstraint::Op;

namespace {

using Values = std::vector<std::string>;

void check_text(std::string_view text, Op op, const Values& values, const std::string& again) {
  const LabelConstraint parsed = parse_label_constraint("zone", text);
  CHECK(parsed.key == "zone");
  CHECK(parsed.op == op);
  CHECK(parsed.values == values);
  CHECK(to_string(parsed) == again);
}

}  // namespace

TEST_SUITE("labels") {
  TEST_CASE("the four text forms are read, values sorted and each once") {
    check_text("spot", Op::in, {"spot"}, "spot");
    check_text("!dev", Op::not_in, {"dev"}, "!dev");
    check_text("in(us-west, us-east,us-west)", Op::in, {"us-east", "us-west"}, "in(us-east,us-west)");
    check_text("!in(a,b_1.x)", Op::not_in, {"a", "b_1.x"}, "!in(a,b_1.x)");
    check_text("in(only)", Op::in, {"only"}, "only");
    check_text("in", Op::in, {"in"}, "in");  // a value as any other
  }

  TEST_CASE("what is no value is an error that names it") {
    const std::string too_long(64, 'a');
    for (const std::string text :
         {"", "!", "in()", "in(a,)", "in(a", "a b", "-a", "a_", "!!a", "a,b", "out(a)", too_long.c_str()}) {
      CAPTURE(text);
      CHECK_THROWS_AS(parse_label_constraint("zone", text), LabelError);
    }
    CHECK_THROWS_WITH(parse_label_constraint("zone", "in(a,b c)"), "'b c' is no label value");
    CHECK_THROWS_WITH(parse_label_constraint("zone", "in(a"), "'in(a' has no ')' at its end");
  }

  TEST_CASE("a node without the key passes 'not in' and 'does not exist' only") {
    const Labels gold{{"tier", "gold"}};
    const Labels none;
    CHECK(LabelConstraint("tier", Op::in, {"gold", "iron"}).holds(gold));
    CHECK_FALSE(LabelConstraint("tier", Op::in, {"iron"}).holds(gold));
    CHECK_FALSE(LabelConstraint("tier", Op::in, {"gold"}).holds(none));
    CHECK_FALSE(LabelConstraint("tier", Op::not_in, {"gold"}).holds(gold));
    CHECK(LabelConstraint("tier", Op::not_in, {"gold"}).holds(none));
    CHECK(LabelConstraint("tier", Op::exists).holds(gold));
    CHECK_FALSE(LabelConstraint("tier", Op::exists).holds(none));
    CHECK_FALSE(LabelConstraint("tier", Op::does_not_exist).holds(gold));
    CHECK(LabelConstraint("tier", Op::does_not_exist).holds(none));
  }

  TEST_CASE("all constraints of a selector must hold, and equal ones are stored once") {
    LabelSelector selector;
    CHECK(selector.matches({}));
    selector.add({"zone", Op::in, {"b", "a"}});
    selector.add({"zone", Op::in, {"a", "b", "a"}});
    CHECK(selector.constraints().size() == 1);
    selector.add({"tier", Op::not_in, {"iron"}});
    CHECK(selector.matches({{"zone", "a"}}));
    CHECK(selector.matches({{"zone", "b"}, {"tier", "gold"}}));
    CHECK_FALSE(selector.matches({{"zone", "b"}, {"tier", "iron"}}));
    CHECK_FALSE(selector.matches({{"tier", "gold"}}));
    CHECK(to_string(selector) == "{zone: in(a,b), tier: !iron}");
  }

  TEST_CASE("a selector on Ray's own label of nodes pins them, in the order of their ids") {
    LabelSelector selector;
    selector.add({std::string(node_id_label), Op::not_in, {"x"}});
    CHECK(selector.pinned_nodes().empty());
    selector.add({std::string(node_id_label), Op::in, {"y", "b"}});
    CHECK(Values(selector.pinned_nodes().begin(), selector.pinned_nodes().end()) == Values{"b", "y"});
  }
}
