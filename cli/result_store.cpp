#include "cli/result_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "platforms/input_error.hpp"
#include "platforms/yaml_tree.hpp"

namespace raysim {

namespace {

// Figures have columns by the names of compared_figures().
constexpr const char* make_table =
    "CREATE TABLE IF NOT EXISTS runs ("
    "scenario TEXT NOT NULL, settings TEXT NOT NULL, policy TEXT NOT NULL, seed INTEGER NOT NULL,"
    "raysim TEXT NOT NULL, scenario_hash TEXT NOT NULL, platform TEXT NOT NULL, platform_hash TEXT NOT NULL,"
    "profile TEXT NOT NULL, profile_hash TEXT NOT NULL, program_hash TEXT NOT NULL, plugin_hash TEXT NOT NULL,"
    "ending TEXT NOT NULL, exit_code INTEGER NOT NULL, outcome TEXT NOT NULL, message TEXT NOT NULL,"
    "fingerprint TEXT NOT NULL, makespan_s REAL NOT NULL, cpu_utilisation REAL NOT NULL,"
    "scheduling_delay_p50_s REAL NOT NULL, scheduling_delay_p95_s REAL NOT NULL, fairness REAL NOT NULL,"
    "report TEXT NOT NULL, PRIMARY KEY (scenario, settings, policy, seed)) STRICT";
constexpr const char* columns =
    "scenario, settings, policy, seed, raysim, scenario_hash, platform, platform_hash, profile, profile_hash,"
    "program_hash, plugin_hash, ending,"
    "exit_code, outcome, message, fingerprint, makespan_s, cpu_utilisation, scheduling_delay_p50_s,"
    "scheduling_delay_p95_s, fairness";
constexpr int patience_ms = 60'000;
constexpr const char* places = "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?";

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw InputError("--db", 0, 0,
                   fmt::format("{}: {}, expected an SQLite file of raysim or a new one", in_quotes(path), why));
}

}  // namespace

// The file, locked against other writers for as long as this lives.
class ResultStore::Database {
 public:
  explicit Database(const std::string& path) : path_(path) {
    lock();
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) fail_here();
    // Readers hold the file for moments: while they open it, and to mend it after a writer was killed.
    sqlite3_busy_timeout(handle_, patience_ms);
    // A journal of its own: readers may look while runs are stored. A commit survives the end of the process.
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = NORMAL");
    execute(make_table);
  }
  ~Database() {
    sqlite3_close(handle_);
    // Last: to close any descriptor of the file gives up SQLite's own locks.
    if (lock_ >= 0) close(lock_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[noreturn]] void fail_here() const { fail(path_, sqlite3_errmsg(handle_)); }
  void execute(const char* command) {
    if (sqlite3_exec(handle_, command, nullptr, nullptr, nullptr) != SQLITE_OK) fail_here();
  }
  [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
  void lock() {
    lock_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) fail(path_, std::strerror(errno));
    if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
    const std::string why = errno == EWOULDBLOCK ? "another sweep is writing to it" : std::strerror(errno);
    close(lock_);
    fail(path_, why);
  }

  std::string path_;
  int lock_ = -1;
  sqlite3* handle_ = nullptr;
};

namespace {

// A prepared command with its values in order.
class Command {
 public:
  Command(sqlite3* handle, const std::string& text, const std::function<void()>& on_error) : on_error_(on_error) {
    check(sqlite3_prepare_v2(handle, text.c_str(), -1, &statement_, nullptr) == SQLITE_OK);
  }
  ~Command() { sqlite3_finalize(statement_); }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  void add(const std::string& text) {
    check(sqlite3_bind_text(statement_, ++bound_, text.c_str(), static_cast<int>(text.size()), SQLITE_TRANSIENT) ==
          SQLITE_OK);
  }
  void add(std::int64_t number) { check(sqlite3_bind_int64(statement_, ++bound_, number) == SQLITE_OK); }
  void add(double number) { check(sqlite3_bind_double(statement_, ++bound_, number) == SQLITE_OK); }

  // Whether there is a row; its values are then read in order.
  bool step() {
    const int result = sqlite3_step(statement_);
    check(result == SQLITE_ROW || result == SQLITE_DONE);
    read_ = 0;
    return result == SQLITE_ROW;
  }
  std::string text() {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, read_));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, read_++));
    return bytes != nullptr ? std::string(bytes, size) : std::string();
  }
  std::int64_t whole() { return sqlite3_column_int64(statement_, read_++); }
  double number() { return sqlite3_column_double(statement_, read_++); }

 private:
  void check(bool is_well) const {
    if (!is_well) on_error_();
  }
  const std::function<void()>& on_error_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int read_ = 0;
};

}  // namespace

std::string content_hash(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : read_text_file(path, "a file that does not change during a sweep"))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

ResultStore::ResultStore(const std::string& path) : database_(std::make_unique<Database>(path)) {}
ResultStore::~ResultStore() = default;

void ResultStore::for_each(const std::string& scenario_file, const std::function<void(StoredRun)>& visit) const {
  const std::function<void()> on_error = [this] { database_->fail_here(); };
  Command select(database_->handle(), fmt::format("SELECT {} FROM runs WHERE scenario = ?", columns), on_error);
  select.add(scenario_file);
  while (select.step()) {
    StoredRun stored;
    stored.inputs.scenario_file = select.text();
    stored.settings = select.text();
    stored.policy = select.text();
    stored.seed = static_cast<std::uint64_t>(select.whole());
    RunInputs& inputs = stored.inputs;
    for (std::string* field : {&inputs.raysim, &inputs.scenario_hash, &inputs.platform_file, &inputs.platform_hash,
                               &inputs.profile, &inputs.profile_hash, &inputs.program_hash, &inputs.plugin_hash})
      *field = select.text();
    stored.run.end = end_named(select.text());
    select.whole();  // exit code
    stored.run.outcome = select.text();
    stored.run.message = select.text();
    stored.run.fingerprint = select.text();
    for (double& figure : stored.run.figures) figure = select.number();
    visit(std::move(stored));
  }
}

void ResultStore::add(const StoredRun& stored, int exit_code, const std::string& report) {
  const std::function<void()> on_error = [this] { database_->fail_here(); };
  auto json = nlohmann::ordered_json::parse(report);
  json.erase("nodes");
  Command insert(database_->handle(), fmt::format("INSERT INTO runs ({}, report) VALUES ({})", columns, places),
                 on_error);
  const RunInputs& inputs = stored.inputs;
  for (const std::string* field : {&inputs.scenario_file, &stored.settings, &stored.policy}) insert.add(*field);
  insert.add(static_cast<std::int64_t>(stored.seed));
  for (const std::string* field : {&inputs.raysim, &inputs.scenario_hash, &inputs.platform_file, &inputs.platform_hash,
                                   &inputs.profile, &inputs.profile_hash, &inputs.program_hash, &inputs.plugin_hash})
    insert.add(*field);
  insert.add(std::string(name_of(stored.run.end)));
  insert.add(std::int64_t{exit_code});
  for (const std::string* field : {&stored.run.outcome, &stored.run.message, &stored.run.fingerprint})
    insert.add(*field);
  for (const double figure : stored.run.figures) insert.add(figure);
  insert.add(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  insert.step();
}

}  // namespace raysim
