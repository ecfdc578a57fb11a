#include "platforms/yaml_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace raysim {

namespace {

template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string parse_error(std::string_view text) {
  return error_of([&] { parse_yaml(text, "x.yaml"); });
}

// The error of reading `value: TEXT` with a method of YamlReader.
template <class Read>
std::string read_error(const std::string& text, Read read) {
  const YamlDocument document = parse_yaml("value: " + text + "\n", "x.yaml");
  return error_of([&] { read(YamlReader(document).named_values("values").front()); });
}

template <class Read>
auto value_of(const std::string& text, Read read) {
  const YamlDocument document = parse_yaml("value: " + text + "\n", "x.yaml");
  return read(YamlReader(document).named_values("values").front());
}

const auto as_whole = [](const YamlReader& reader) { return reader.whole(-5, 1'000'000); };
const auto as_number = [](const YamlReader& reader) { return reader.number(0, 1e9); };
const auto as_boolean = [](const YamlReader& reader) { return reader.boolean(); };
const auto as_text = [](const YamlReader& reader) { return reader.text(); };
const auto as_name = [](const YamlReader& reader) { return reader.name(); };

}  // namespace

TEST_CASE("a tree keeps order, quotes and places") {
  const YamlDocument document = parse_yaml("b: 1\na:\n  - 'x'\n  - größe: y\n    z: \"w\"\n", "x.yaml");
  REQUIRE(document.root.entries.size() == 2);
  CHECK(document.root.entries[0].key == "b");
  const YamlNode& list = document.root.entries[1].value;
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].is_quoted);
  CHECK(list.items[0].place.line == 3);
  CHECK(list.items[0].place.column == 5);
  const YamlEntry& umlaut = list.items[1].entries[0];
  CHECK_FALSE(umlaut.value.is_quoted);
  CHECK(umlaut.value.place.column == 12);  // in characters, not bytes
}

TEST_CASE("places are right behind a byte order mark, carriage returns and comments") {
  const YamlDocument document = parse_yaml("\xEF\xBB\xBF# ä comment\r\na: 1\r\n\r\nb:   2\r\n", "x.yaml");
  REQUIRE(document.root.entries.size() == 2);
  CHECK(document.root.entries[0].place.line == 2);
  CHECK(document.root.entries[0].place.column == 1);
  CHECK(document.root.entries[1].value.place.line == 4);
  CHECK(document.root.entries[1].value.place.column == 6);
  CHECK(document.root.entries[1].value.text == "2");
}

TEST_CASE("nothing is placed at its key or dash") {
  const YamlDocument document = parse_yaml("a:\nb:\n  -\n  - 1\n", "x.yaml");
  CHECK(document.root.entries[0].value.place.line == 1);
  const YamlNode& nothing = document.root.entries[1].value.items[0];
  CHECK(nothing.kind == YamlNode::Kind::null);
  CHECK(nothing.place.line == 3);
  CHECK(nothing.place.column == 3);
}

TEST_CASE("an empty text is nothing at 1:1") {
  for (const char* text : {"", "\n\n", "# comment\n", "---\n"}) {
    const YamlDocument document = parse_yaml(text, "x.yaml");
    CHECK(document.root.kind == YamlNode::Kind::null);
    CHECK(error_of([&] {
            YamlReader(document).fail_expected("something");
          }).find(": nothing here, expected something") != std::string::npos);
  }
}

TEST_CASE("aliases stand for copies, up to a limit") {
  const YamlDocument document = parse_yaml("a: &x {k: [1, 2]}\nb: *x\n", "x.yaml");
  const YamlNode& copy = document.root.entries[1].value;
  REQUIRE(copy.entries.size() == 1);
  CHECK(copy.entries[0].value.items[1].text == "2");
  CHECK(copy.place.line == 1);  // an error in it is an error where it was written
  std::string many = "a: &x [" + std::string(2'000, ',') + "]\n";
  for (std::size_t at = many.find(','); at != std::string::npos; at = many.find(',', at + 2)) many.insert(at, "1");
  for (int i = 0; i < 60; ++i) many += "b" + std::to_string(i) + ": *x\n";
  CHECK(parse_error(many) == "x.yaml:51:6: aliases for too many values, expected at most 100000");
  std::string nested;
  for (int i = 0; i < 60; ++i) nested += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 5'000; ++i) nested += "1,";
  CHECK(parse_error(nested + std::string(60, ']')).find("anchors for too many values") != std::string::npos);
}

TEST_CASE("a text has limits") {
  CHECK(parse_error(std::string(64, '[') + std::string(64, ']')) == "no error");
  CHECK(parse_error(std::string(65, '[') + std::string(65, ']')) ==
        "x.yaml:1:65: nested too deeply, expected at most 64 levels");
  CHECK(parse_error(std::string(yaml_size_limit + 1, ' ')) == "x.yaml:1:1: too large, expected at most 64 MiB");
}

TEST_CASE("files that cannot be read are reported") {
  const auto read_error_of = [](const std::string& path) {
    return error_of([&] { read_text_file(path, "a scenario file"); });
  };
  CHECK(read_error_of("no/such.yaml") == "no/such.yaml:1:1: no such file, expected a scenario file");
  CHECK(read_error_of("platforms") == "platforms:1:1: not a regular file, expected a scenario file");
  CHECK(read_error_of("/dev/zero") == "/dev/zero:1:1: not a regular file, expected a scenario file");
  CHECK(read_error_of("") == ":1:1: no such file, expected a scenario file");
  const auto path = std::filesystem::temp_directory_path() / fmt::format("raysim_yaml_reader_test_{}.yaml", getpid());
  std::ofstream(path) << "a: 1\n";
  CHECK(read_text_file(path.string(), "a file") == "a: 1\n");
  std::filesystem::resize_file(path, yaml_size_limit + 1);  // sparse
  CHECK(read_error_of(path.string()).ends_with("larger than 64 MiB, expected a scenario file"));
  std::filesystem::remove(path);
}

TEST_CASE("whole numbers are decimal, unquoted and in range") {
  CHECK(value_of("0", as_whole) == 0);
  CHECK(value_of("-5", as_whole) == -5);
  CHECK(value_of("1000000", as_whole) == 1'000'000);
  for (const char* text : {"1.0",
                           "1e3",
                           "0x10",
                           "0o7",
                           "010",
                           "+1",
                           "1_000",
                           "'1'",
                           "one",
                           "true",
                           "~",
                           "",
                           "[1]",
                           "{a: 1}",
                           "-6",
                           "1000001",
                           "9223372036854775808",
                           "99999999999999999999999999",

                           "--1",
                           ".inf"})
    CHECK_MESSAGE(read_error(text, as_whole).ends_with("expected a whole number from -5 to 1000000"), text);
}

TEST_CASE("numbers are finite decimals") {
  CHECK(value_of("0.25", as_number) == 0.25);
  CHECK(value_of("1e3", as_number) == 1000);
  CHECK(value_of("2.5E-1", as_number) == 0.25);
  for (const char* text : {".nan", ".inf", "-.inf", "nan", "inf", "infinity", "1e999", "1.", ".5", "1e", "0x1p3",
                           "-0.1", "1000000001", "\"2\"", "two", "~", "[]", "1 2"})
    CHECK_MESSAGE(read_error(text, as_number).ends_with("expected a number from 0 to 1000000000"), text);
}

TEST_CASE("truth values are true and false") {
  CHECK(value_of("true", as_boolean));
  CHECK_FALSE(value_of("false", as_boolean));
  for (const char* text : {"yes", "True", "1", "'true'", "~"})
    CHECK_MESSAGE(read_error(text, as_boolean).ends_with("expected true or false"), text);
}

TEST_CASE("text and names") {
  CHECK(value_of("two words", as_text) == "two words");
  CHECK(value_of("\"5\"", as_text) == "5");
  CHECK(value_of("|\n  block", as_text) == "block\n");
  CHECK(read_error("5", as_text) == "x.yaml:1:8: 'value' is '5', expected text (put it in quotes)");
  CHECK(read_error("\"\"", as_text) == "x.yaml:1:8: 'value' is the text '', expected text");
  CHECK(value_of("node-1.cluster:x/y_z", as_name) == "node-1.cluster:x/y_z");
  for (const std::string& text :
       {std::string("1a"), std::string("a b"), std::string("-a"), std::string(101, 'a'), std::string("ä")})
    CHECK(read_error(text, as_name).find("expected a name (") != std::string::npos);
}

TEST_CASE("near names are suggested, far ones are not") {
  constexpr std::array<std::string_view, 5> names{"duration", "num_cpus", "num_gpus", "scheduling_strategy", "GiB"};
  CHECK(nearest_name("duratoin", names) == "duration");
  CHECK(nearest_name("DURATION", names) == "duration");
  CHECK(nearest_name("num_cpu", names) == "num_cpus");
  CHECK(nearest_name("gib", names) == "GiB");
  CHECK(nearest_name("scheduling", names) == "scheduling_strategy");
  CHECK(nearest_name("retries", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(1'000'000, 'd'), names).empty());
}

TEST_CASE("messages stay on one line") {
  CHECK(in_quotes("a\nb\tc\x01") == "'a\\nb\\tc\\x01'");
  CHECK(on_one_line("ääää", 3) == "ää...");
  CHECK(in_quotes(std::string(100, 'x')).size() == 65);
}

TEST_CASE("overrides set, add and index") {
  YamlDocument document = parse_yaml("a: {b: 1}\nlist: [{x: 1}, 2]\nn.1: {c: 3}\nempty:\n", "x.yaml");
  for (const char* override : {"a.b=2", "a.new.deep=[1, 2]", "list.0.x=yes", "list.1=three", "n.1.c=4", "empty.k=v"})
    apply_override(document, override, {});
  const YamlNode& root = document.root;
  CHECK(root.entries[0].value.entries[0].value.text == "2");
  CHECK(root.entries[0].value.entries[1].value.entries[0].value.items.size() == 2);
  CHECK(root.entries[1].value.items[0].entries[0].value.text == "yes");
  CHECK(root.entries[1].value.items[1].text == "three");
  CHECK(root.entries[2].value.entries[0].value.text == "4");
  CHECK(root.entries[3].value.entries[0].value.text == "v");
  CHECK(document.sources.size() == 7);
  const YamlPlace place = root.entries[2].value.entries[0].value.place;
  CHECK(place.line == 0);
  CHECK(document.sources[place.source] == "--set n.1.c=4");
}

TEST_CASE("overrides add no names under the user's own") {
  YamlDocument document = parse_yaml("tasks: {work: {x: 1}}\n", "x.yaml");
  const std::vector<std::string_view> fixed{"tasks"};
  CHECK(error_of([&] { apply_override(document, "tasks.wrok.x=2", fixed); }) ==
        "--set tasks.wrok.x=2: unknown name 'wrok' in 'tasks', expected one of work, did you mean 'work'?");
  CHECK(error_of([&] { apply_override(document, "tasks.work.y=2", fixed); }) == "no error");
}

}  // namespace raysim
