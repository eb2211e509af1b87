// exchange-journal: looks at the journal of an engine, or of a copy of its folder.
//
//   exchange-journal verify FOLDER
//   exchange-journal show FOLDER [--from SEQ] [--until SEQ]
//   exchange-journal replay FOLDER [--until SEQ] [--from-start]
//   exchange-journal hash FOLDER
//
// Answers are JSON, one object a line, on standard output; what is wrong is one sentence on standard error. Exit codes:
// 0 all is well, 1 a file is damaged, 2 the arguments are wrong, 3 a file cannot be read, 4 two states differ.
#include <charconv>
#include <cstdio>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "contracts.hpp"
#include "journal_copy.hpp"
#include "message_json.hpp"

namespace exchange::engine::tools {
namespace {

enum ExitCode { kWhole = 0, kDamaged = 1, kUsage = 2, kUnreadable = 3, kDiverged = 4 };

constexpr std::string_view kUsageText =
    "usage: exchange-journal verify|show|replay|hash FOLDER [--from SEQ] [--until SEQ] [--from-start]\n"
    "FOLDER is an engine's data folder, or a copy of it: it holds journal/ and snapshots/.\n";

constexpr const char* kCommandType = ".exchange.engine.v1.Command";

// What the program is asked to do.
struct Request {
  std::string verb;
  std::string folder;
  std::uint64_t from_seq = 1;
  std::uint64_t until_seq = log::kToTheEnd;
  bool from_start = false;
};

bool read_seq(const char* text, std::uint64_t& seq) {
  const std::string_view view(text);
  const auto parsed = std::from_chars(view.data(), view.data() + view.size(), seq);
  return parsed.ec == std::errc{} && parsed.ptr == view.data() + view.size() && seq > 0;
}

std::optional<Request> read_request(int count, char** words) {
  Request request;
  if (count < 3) return std::nullopt;
  request.verb = words[1];
  request.folder = words[2];
  const bool shows = request.verb == "show";
  const bool replays = request.verb == "replay";
  if (!shows && !replays && request.verb != "verify" && request.verb != "hash") return std::nullopt;
  for (int i = 3; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--from-start" && replays) {
      request.from_start = true;
    } else if (word == "--from" && shows && i + 1 < count && read_seq(words[i + 1], request.from_seq)) {
      ++i;
    } else if (word == "--until" && (shows || replays) && i + 1 < count && read_seq(words[i + 1], request.until_seq)) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return request;
}

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return json_text(text);
}

std::string hex(const log::Digest& digest) {
  std::string text;
  for (const char byte : digest) {
    char two[4];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text += two;
  }
  return json_text(text);
}

// One JSON object, field by field.
class Line {
 public:
  Line& field(std::string_view name, const std::string& json) {
    text_.append(text_.empty() ? "{" : ", ").append(json_text(name)).append(": ").append(json);
    return *this;
  }
  Line& field(std::string_view name, std::uint64_t value) { return field(name, std::to_string(value)); }

  void print() const { std::printf("%s}\n", text_.c_str()); }

 private:
  std::string text_;
};

void verify(JournalCopy& copy) {
  const Examined examined = copy.verify();
  std::string snapshots = "[";
  for (const std::uint64_t seq : examined.snapshots) {
    snapshots.append(snapshots.size() > 1 ? ", " : "").append(std::to_string(seq));
  }
  Line()
      .field("shard", copy.shard())
      .field("segments", examined.segments)
      .field("first_seq", examined.first_seq)
      .field("last_seq", examined.end.last_seq)
      .field("replayed_from", examined.began_seq)
      .field("snapshots", snapshots + "]")
      .field("torn_bytes", examined.end.torn_bytes)
      .field("unsealed_bytes", examined.end.unsealed.size())
      .field("chain", hex(examined.end.link))
      .field("state_hash", hex(examined.state_hash))
      .print();
}

void show(JournalCopy& copy, const Request& request) {
  const MessageJson json(contracts());
  copy.visit(request.from_seq, request.until_seq, [&](const log::Record& record) {
    try {
      protozero::pbf_reader command(record.payload.data(), record.payload.size());
      if (!command.next()) throw log::RecordRefused("the record is not a command");
      const std::uint32_t number = command.tag();
      const protozero::data_view body = command.get_view();
      Line()
          .field("engine_seq", record.engine_seq)
          .field("time_ns", std::to_string(record.time_ns))
          .field("kind", json_text(json.field_name(kCommandType, number)))
          .field("fields", json.object(json.field_type(kCommandType, number), {body.data(), body.size()}))
          .print();
    } catch (const protozero::exception&) {
      throw log::RecordRefused("the record is not a command");
    } catch (const std::out_of_range&) {
      throw log::RecordRefused("the record is a command that this program does not know");
    }
  });
}

void replay(JournalCopy& copy, const Request& request) {
  const Replayed replayed = copy.replay(request.until_seq, request.from_start);
  Line()
      .field("engine_seq", replayed.last.engine_seq)
      .field("time_ns", std::to_string(replayed.last.time_ns))
      .field("replayed_from", replayed.began_seq)
      .field("state_hash", hex(replayed.state_hash))
      .field("accounts", replayed.counts.accounts)
      .field("instruments", replayed.counts.instruments)
      .field("open_orders", replayed.counts.open_orders)
      .field("ids", replayed.counts.ids)
      .print();
}

void hash(JournalCopy& copy) {
  const Examined examined = copy.verify();
  Line()
      .field("engine_seq", examined.end.last_seq)
      .field("chain", hex(examined.end.link))
      .field("state_hash", hex(examined.state_hash))
      .print();
}

void run(const Request& request) {
  JournalCopy copy(request.folder);
  if (request.verb == "verify") {
    verify(copy);
  } else if (request.verb == "show") {
    show(copy, request);
  } else if (request.verb == "replay") {
    replay(copy, request);
  } else {
    hash(copy);
  }
}

int failed(ExitCode code, const std::exception& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "exchange-journal: %s\n", error.what());
  return code;
}

int main_of(int count, char** words) {
  const std::optional<Request> request = read_request(count, words);
  if (!request) {
    std::fwrite(kUsageText.data(), 1, kUsageText.size(), stderr);
    return kUsage;
  }
  try {
    run(*request);
    return kWhole;
  } catch (const log::LogCorrupt& error) {
    return failed(kDamaged, error);
  } catch (const log::StateDiverged& error) {
    return failed(kDiverged, error);
  } catch (const std::exception& error) {
    return failed(kUnreadable, error);
  }
}

}  // namespace
}  // namespace exchange::engine::tools

int main(int count, char** words) { return exchange::engine::tools::main_of(count, words); }
