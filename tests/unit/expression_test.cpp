// Values and expressions: what comes of them, what they are called, how large they are, and how they fail.
#include "scenarios/expression.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "scenarios/expression_source.hpp"
#include "scenarios/value.hpp"

namespace raysim {

namespace {

Value number(std::int64_t whole) { return Value(whole); }
Value list(std::vector<Value> values) { return List(std::move(values)); }

class TestScope final : public Scope {
 public:
  [[nodiscard]] double now() const override { return 3.5; }
  RandomStream& stream(std::string_view name) override {
    named.push_back(std::string(name));
    return stream_;
  }
  RandomStream& stream(const SourcePlace&) override { return stream_; }
  std::vector<std::string> named;

 private:
  RandomStream stream_{1, "test"};
};

// With n = 7, l = [1, 2.5, 'hi'], u without a value and self.total = 10.
struct Bench {
  Bench() {
    scope.names = {number(7), list({number(1), 2.5, Value("hi")}), Value()};
    scope.state = &state;
  }

  Value evaluate(const std::string& text) {
    const ExpressionSource source = scan_expression(text);
    std::vector<std::string> names;
    std::vector<Variable> variables;
    for (const NameUse& use : source.names) {
      if (use.is_call || std::find(names.begin(), names.end(), use.name) != names.end()) continue;
      names.push_back(use.name);
      variables.push_back(use.name == "self.total" ? Variable{true, 0}
                                                   : Variable{false, use.name == "n"   ? 0U
                                                                     : use.name == "l" ? 1U
                                                                                       : 2U});
    }
    Expression expression(engine, engine.compile(source.lua, names), variables, text.find('/') != std::string::npos);
    return expression.at({3, 4}).evaluate(scope);
  }
  std::string text(const std::string& expression) { return to_text(evaluate(expression)); }
  std::string error(const std::string& expression) {
    try {
      return "no error but " + to_text(evaluate(expression));
    } catch (const ExpressionError& failed) {
      CHECK(failed.place.line == 3);
      return failed.what();
    }
  }

  LuaEngine engine;
  TestScope scope;
  std::vector<Value> state{number(10)};
};

std::string source_error(const std::string& text) {
  try {
    scan_expression(text);
  } catch (const ExpressionSourceError& error) {
    return std::to_string(error.offset) + ": " + error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("expressions count, compare and choose as Lua does") {
  Bench bench;
  CHECK(bench.text("1 + 2 * 3") == "7");
  CHECK(bench.text("7 / 2") == "3.5");
  CHECK(bench.text("7 // 2") == "3");
  CHECK(bench.text("n % 4") == "3");
  CHECK(bench.text("2 ^ 10") == "1024.0");
  CHECK(bench.text("10 == 10.0") == "true");
  CHECK(bench.text("n > 3 and 'big' or 'small'") == "big");
  CHECK(bench.text("not u") == "true");
  CHECK(bench.text("u == nil") == "true");
  CHECK(bench.text("'a' .. 1 .. 'b'") == "a1b");
  CHECK(bench.text("self.total + n") == "17");
}

TEST_CASE("lists have elements from 0, a length, and equality by value") {
  Bench bench;
  CHECK(bench.text("l[0] + l[1]") == "3.5");
  CHECK(bench.text("l[-1]") == "hi");
  CHECK(bench.text("#l + len(l)") == "6");
  CHECK(bench.text("[1, [2, n]]") == "[1, [2, 7]]");
  CHECK(bench.text("[n, 'x'] == [7, 'x']") == "true");
  CHECK(bench.text("[n] == [8]") == "false");
  CHECK(bench.text("[1] .. l") == "[1, 1, 2.5, 'hi']");
  CHECK(bench.text("[]") == "[]");
  CHECK(bench.text("[u]") == "[nothing]");
}

TEST_CASE("a list can be made of another one, element by element") {
  Bench bench;
  CHECK(bench.text("[x * x for x in range(4)]") == "[0, 1, 4, 9]");
  CHECK(bench.text("[x for x in range(10) if x % 3 == 0]") == "[0, 3, 6, 9]");
  CHECK(bench.text("[1 // x for x in [0, 1] if x > 0]") == "[1]");
  CHECK(bench.text("sum([n * x for x in [1, 2]]) + n") == "28");
  CHECK(bench.text("[n for n in [1, n]]") == "[1, 7]");
  CHECK(bench.text("[[x, y] for y in [1, 2]]") == "[[nothing, 1], [nothing, 2]]");
  CHECK(bench.text("[[x + y for y in [10, 20]] for x in [1, 2]]") == "[[11, 21], [12, 22]]");
  CHECK(bench.text("[sum(sum) for sum in [[1, 2], [3]]]") == "[3, 3]");
  CHECK(bench.text("[x for x in []]") == "[]");
  CHECK(bench.text("replace(l, -1, n)") == "[1, 2.5, 7]");
  CHECK(bench.error("replace(l, 3, n)") == "no element 3 in a list of 3");
  CHECK(bench.error("[x.. 'a' for x in [[1]]]") == "'..' joins two texts or two lists");
  CHECK(bench.error("[x for x in 5]") == "bad argument #1 to 'for' (list expected, got number)");
  CHECK(source_error("[a, b for x in l]") ==
        "6: 'for' behind several elements, expected one element, as in [x * x for x in list]");
  CHECK(source_error("[a for 3 in l]") == "7: '3' is no name, expected a name, as in [x * x for x in list]");
  CHECK(source_error("[a for x of l]") == "9: no 'in' behind 'for', expected it, as in [x * x for x in list]");
  CHECK(source_error("[a for x in ]") ==
        "12: ']' too early, expected a list to go through, as in [x * x for x in list]");
  CHECK(source_error("x for x in l").starts_with("2: 'for' in an expression"));
}

TEST_CASE("functions over numbers and lists") {
  Bench bench;
  CHECK(bench.text("sum(range(101))") == "5050");
  CHECK(bench.text("range(2, 4)") == "[2, 3]");
  CHECK(bench.text("sum([1, 2.5])") == "3.5");
  CHECK(bench.text("max(3, 4.5) + min([2, 1])") == "5.5");
  CHECK(bench.text("sorted([3, 1, 2])") == "[1, 2, 3]");
  CHECK(bench.text("sorted(['b', 'a'])") == "['a', 'b']");
  CHECK(bench.text("join([1, 2], '-')") == "1-2");
  CHECK(bench.text("contains(l, 'hi')") == "true");
  CHECK(bench.text("index_of(l, 2.5)") == "1");
  CHECK(bench.text("index_of(l, 9)") == "nothing");
  CHECK(bench.text("append(l, n)") == "[1, 2.5, 'hi', 7]");
  CHECK(bench.text("slice(range(10), 2, -2)") == "[2, 3, 4, 5, 6, 7]");
  CHECK(bench.text("slice(range(10), 1, 10, 3)") == "[1, 4, 7]");
  CHECK(bench.text("floor(2.7) + ceil(1.2) + round(2.5)") == "7");
  CHECK(bench.text("abs(-3) + sqrt(16) + log(8, 2)") == "10.0");
  CHECK(bench.text("exp(0) + sin(0) + cos(0)") == "2.0");
  CHECK(bench.text("now()") == "3.5");
}

TEST_CASE("draws come from the stream of the place, or from a named one") {
  Bench bench;
  CHECK(bench.text("random() < 1 and uniform(3, 4) >= 3 and exponential(2) > 0") == "true");
  CHECK(bench.text("contains([1, 2], choice([1, 2]))") == "true");
  CHECK(bench.scope.named.empty());
  CHECK(bench.text("abs(normal(10, 0, 'luck') - 10) < 1") == "true");
  CHECK(bench.text("random('other') < 1") == "true");
  CHECK(bench.scope.named == std::vector<std::string>{"luck", "other"});
}

TEST_CASE("what cannot be evaluated is told in words of the scenario") {
  Bench bench;
  CHECK(bench.error("1 // 0") == "division by zero");
  CHECK(bench.error("n % 0") == "division by zero");
  CHECK(bench.error("n / 0") == "division by zero");
  CHECK(bench.error("sqrt(-1)") == "the result is no finite number");
  CHECK(bench.error("u + 1") == "'u' has no value");
  CHECK(bench.error("self.total .. l") == "'..' joins two texts or two lists");
  CHECK(bench.error("'a' + 1") == "cannot perform arithmetic on a text");
  CHECK(bench.error("l < 1") == "cannot compare list with number");
  CHECK(bench.error("l[5]") == "no element 5 in a list of 3");
  CHECK(bench.error("l[0.5]") == "the number of an element of a list is a whole number");
  CHECK(bench.error("sum(3)") == "bad argument #1 to 'sum' (list expected, got number)");
  CHECK(bench.error("sum(l)") == "sum of the text 'hi', which is no number");
  CHECK(bench.error("min([])") == "min of an empty list");
  CHECK(bench.error("choice([])") == "choice of an empty list");
  CHECK(bench.error("range(1e12)") == "a range of more than 10000000 numbers");
  CHECK(bench.error("floor(1e300)") == "a number too large for a whole number");
}

TEST_CASE("an expression that fails leaves the next one alone") {
  Bench bench;
  for (int i = 0; i < 1000; ++i) CHECK(bench.error("l[9]") == "no element 9 in a list of 3");
  CHECK(bench.text("l[0]") == "1");
}

TEST_CASE("only expressions are expressions, and the right spelling is named") {
  CHECK(source_error("n + 1") == "none");
  CHECK(source_error("1 +") == "0: expression that ends early, expected an expression such as (n + 1) * 2");
  CHECK(source_error("n != 3") == "2: '!=' in an expression, expected '~='");
  CHECK(source_error("n ** 2") == "2: '**' in an expression, expected '^'");
  CHECK(source_error("n = 3") == "2: '=' in an expression, expected '=='");
  CHECK(source_error("n == True") == "5: 'True' in an expression, expected 'true'");
  CHECK(source_error("1 if n else 2") ==
        "2: 'if' in an expression, expected no statement; a choice is 'condition and a or b'");
  CHECK(source_error("function() end").starts_with("0: 'function' in an expression"));
  CHECK(source_error("{1, 2}") == "0: '{' in an expression, expected [a, b] for a list");
  CHECK(source_error("l[1:2]").ends_with("slice(list, from, to) for a part of a list"));
  CHECK(source_error("l.length").starts_with("1: '.' in an expression"));
  CHECK(source_error("a b") == "2: 'b' after a value, expected an operator between the two");
  CHECK(source_error("(1 + 2").starts_with("0: bracket that nothing closes, expected a closing bracket"));
  CHECK(source_error("1, 2") == "1: ',' between expressions, expected a single expression");
  CHECK(source_error("'abc") == "0: quote that nothing closes, expected a closing quote");
  CHECK(source_error("a -- b") == "2: '--' in an expression, expected '-'");
  CHECK(source_error("f 'x'") == "2: ''x'' after a value, expected an operator between the two");
  CHECK(source_error("__list(1)") == "0: '__list', expected a name that does not begin with two underscores");
}

TEST_CASE("names of variables are no words of the language") {
  for (const char* name : {"n", "_x", "total_2", "selfish", "sum"})
    CHECK_MESSAGE(variable_name_fault(name).empty(), name);
  for (const char* name : {"", "2n", "a-b", "a.b", "and", "end", "self", "True", "__x", "ä"})
    CHECK_MESSAGE(!variable_name_fault(name).empty(), name);
}

TEST_CASE("a list never changes, whatever is made of it") {
  const List one = List({number(1)});
  const List two = one.with(number(2));
  const List other = one.with(number(3));
  CHECK(to_text(one) == "[1]");
  CHECK(to_text(two) == "[1, 2]");
  CHECK(to_text(other) == "[1, 3]");
  CHECK(to_text(two.part(1, 1).with(number(4))) == "[2, 4]");
  CHECK(to_text(one.with(one).with(one)) == "[1, [1], [1]]");
  CHECK(to_text(two.with_all(other)) == "[1, 2, 1, 3]");
}

TEST_CASE("a list of references holds them alone, until something else comes") {
  struct Nobody final : ReferencePort {
    void out_of_scope(std::uint32_t) override {}
    [[nodiscard]] bool is_freed(std::uint32_t) const override { return false; }
    void references_changed() override {}
  } nobody;
  const ReferenceCounterRef lives(new ReferenceCounter({9}, nobody));
  const List refs(HeldRefs(lives, {{{1}, 0}, {{1}, 1}}));
  CHECK(refs.refs().size() == 2);
  CHECK(refs.with(HeldRef(lives, {{1}, 2})).refs().size() == 3);
  CHECK(refs.with_all(refs).refs().size() == 4);
  const List mixed = refs.with(number(1));
  CHECK(mixed.refs().empty());
  CHECK(mixed.size() == 3);
  std::vector<ObjectRef> found;
  collect_refs(list({mixed, number(2), Value(refs)}), found);
  CHECK(found.size() == 4);
}

TEST_CASE("lists are nested to a limit, so that nobody recurses without end") {
  Value deep = list({});
  const auto nest = [&] {
    for (int i = 0; i < 1000; ++i) deep = list({deep});
  };
  CHECK_THROWS_AS(nest(), std::length_error);
}

TEST_CASE("equality is by value, with a tolerance where one is given") {
  CHECK(number(2) == Value(2.0));
  CHECK_FALSE(number(2) == Value("2"));
  CHECK_FALSE(Value() == number(0));
  CHECK_FALSE(list({number(1)}) == list({number(1), number(2)}));
  CHECK_FALSE(Value(1.0) == Value(1.0 + 1e-12));
  CHECK(are_equal(list({1.0}), list({1.0 + 1e-12}), 1e-9));
  CHECK(Value(Data{{5}}) == Value(Data{{5}}));
  CHECK_FALSE(Value(9'007'199'254'740'993) == Value(9'007'199'254'740'992));
}

TEST_CASE("values have the size of Ray's serialised form") {
  CHECK(serialised_size(number(1)).count == 10);
  CHECK(serialised_size(number(1'000'000)).count == 14);
  CHECK(serialised_size(Value(0.5)).count == 18);
  CHECK(serialised_size(Value("hello")).count == 15);
  CHECK(serialised_size(list(std::vector<Value>(100, Value(0.5)))).count == 9 + 3 + 900);
  CHECK(serialised_size(Value(Data{{4'000'000}})).count == 4'000'000);
}

}  // namespace raysim
