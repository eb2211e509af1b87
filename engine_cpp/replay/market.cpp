#include "market.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "clock.hpp"
#include "commands.hpp"
#include "events.hpp"
#include "exchange/engine/core.hpp"
#include "exchange/engine/log/record.hpp"
#include "exchange/engine/memory.hpp"

namespace exchange::engine::replay {
namespace {

constexpr std::uint64_t kHashStart = 1'469'598'103'934'665'603;

// The figures over trades, in the order in which they happen.
class Tape {
 public:
  Tape(const Listings& listings, const std::vector<std::uint32_t>& ids) : listings_(listings), ids_(ids) {}

  // Takes the trades out of the core's blocks.
  void take(std::string_view blocks) {
    while (!blocks.empty()) {
      BlockHead head;
      std::memcpy(&head, blocks.data(), sizeof head);
      take_events(blocks.substr(sizeof head, head.bytes - sizeof head));
      blocks.remove_prefix(head.bytes);
    }
  }

  void report(Outcome& out) const {
    out.trades = trades_;
    out.quantity = quantity_;
    out.notional = notional_;
    out.hash = hash_;
  }

 private:
  void take_events(std::string_view events) {
    while (!events.empty()) {
      EventHead head;
      std::memcpy(&head, events.data(), sizeof head);
      if (head.kind == EventKind::kTrade) {
        TradeView trade;
        std::memcpy(&trade, events.data() + sizeof head, sizeof trade);
        take(trade);
      }
      events.remove_prefix(head.bytes);
    }
  }

  void take(const TradeView& trade) {
    const std::uint64_t maker = ids_[trade.maker_order_id];
    const std::uint64_t taker = ids_[trade.taker_order_id];
    const auto price = static_cast<std::uint64_t>(trade.price - listings_.price_shift());
    const auto quantity = static_cast<std::uint64_t>(trade.quantity);
    const std::uint64_t mixed = maker * 0x9E37'79B9'7F4A'7C15 + taker * 0xC2B2'AE3D'27D4'EB4F +
                                price * 0x1656'67B1'9E37'79F9 + quantity;
    hash_ = (hash_ ^ mixed) * 1'099'511'628'211;
    ++trades_;
    quantity_ += quantity;
    notional_ += price * quantity;
  }

  const Listings& listings_;
  const std::vector<std::uint32_t>& ids_;  // the recording's id of each order number
  std::uint64_t hash_ = kHashStart;
  std::uint64_t trades_ = 0;
  std::uint64_t quantity_ = 0;
  std::uint64_t notional_ = 0;
};

// Memory of the process that is really there.
std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

enum class Measure { kThroughput, kEachCommand, kMemory };

// One run of one recording.
class Run {
 public:
  Run(const Recording& recording, const Options& options)
      : recording_(recording),
        options_(options),
        listings_(recording),
        translator_(recording, listings_, options.id_window * kNsPerCommand),
        core_(listings_.limits(options.id_window), 0),
        tape_(listings_, translator_.ids()) {}

  Outcome play(Measure measure) {
    const bool each = measure == Measure::kEachCommand;
    const std::uint64_t before = resident_bytes();
    // A core that serves has long touched all it uses: its first touches are not what is measured.
    if (measure != Measure::kMemory) populate_memory();
    for (const std::string& command : listings_.set_up()) set_up(command);
    const std::size_t prefill = recording_.prefill;
    const std::size_t end = recording_.steps.size();
    for (std::size_t at = 0; at < prefill; at = run_batch(at, prefill, false)) {
    }
    ticks_ = 0;
    latencies_.clear();
    if (each) latencies_.reserve(end - prefill);
    for (std::size_t at = prefill; at < end; at = run_batch(at, end, each)) {
    }
    Outcome out = outcome();
    if (measure == Measure::kMemory) out.core_bytes = resident_bytes() - std::min(before, resident_bytes());
    return out;
  }

 private:
  void set_up(const std::string& command) {
    Batch batch;
    const Reason reason = Core::decode_command(std::as_bytes(std::span(command)), batch);
    results_.clear();
    events_.clear();
    if (reason == Reason::kNone) core_.apply(batch.commands.front(), stamp(), results_, events_);
    if (reason != Reason::kNone || read_answers(results_.view()).front().reason != 0) throw BadRecording("the market cannot be set up");
  }

  // Runs the steps from `at`, one batch at most, and answers where the next one begins.
  std::size_t run_batch(std::size_t at, std::size_t end, bool each) {
    const std::size_t count = std::min(options_.batch, end - at);
    time_ns_ += kNsPerCommand * static_cast<std::int64_t>(count);
    translator_.translate(at, count, time_ns_, batch_);
    results_.clear();
    events_.clear();
    records_.clear();
    const std::uint64_t start = Clock::ticks();
    each ? apply_each() : apply_all();
    ticks_ += Clock::ticks() - start;
    tape_.take(events_.view());
    check_answers(at);
    return at + count;
  }

  void apply_all() {
    for (std::size_t i = 0; i < batch_.commands.size(); ++i) apply(i);
  }

  void apply_each() {
    std::uint64_t before = Clock::ticks();
    for (std::size_t i = 0; i < batch_.commands.size(); ++i) {
      apply(i);
      const std::uint64_t after = Clock::ticks();
      latencies_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(after - before, UINT32_MAX)));
      before = after;
    }
  }

  void apply(std::size_t i) {
    core_.announce(std::span<const Command>(batch_.commands).subspan(i + 1));
    const Command& command = batch_.commands[i];
    const Stamp now = stamp();
    const std::string_view bytes(reinterpret_cast<const char*>(command.bytes.data()), command.bytes.size());
    log::append_command(records_, now.engine_seq, now.time_ns, bytes);
    core_.apply(command, now, results_, events_, batch_.response_mode);
  }

  Stamp stamp() { return {++seq_, time_ns_}; }

  // Order numbers were foretold when the steps were translated: they have to come true.
  void check_answers(std::size_t at) {
    const std::vector<ReadAnswer> answers = read_answers(results_.view());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      rejects_ += answers[i].reason != 0 ? 1U : 0U;
      const std::uint64_t order_id = answers[i].order_id;
      if (order_id != 0 && translator_.ids()[order_id] != recording_.steps[at + i].id) {
        throw std::logic_error("step " + std::to_string(at + i) + " was answered for another order");
      }
    }
  }

  Outcome outcome() {
    Outcome out;
    out.commands = recording_.steps.size() - recording_.prefill;
    out.rejects = rejects_;
    tape_.report(out);
    out.state_hash = core_.state_hash();
    out.resting = core_.counts().open_orders;
    const double ns = Clock::ns_per_tick();
    out.ns_per_command = out.commands == 0 ? 0 : static_cast<double>(ticks_) * ns / static_cast<double>(out.commands);
    std::ranges::sort(latencies_);
    const auto percentile = [&](double share) {
      if (latencies_.empty()) return 0.0;
      const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1));
      return static_cast<double>(latencies_[at]) * ns;
    };
    out.p50_ns = percentile(0.5);
    out.p99_ns = percentile(0.99);
    out.p999_ns = percentile(0.999);
    out.p9999_ns = percentile(0.9999);
    return out;
  }

  const Recording& recording_;
  const Options& options_;
  Listings listings_;
  Translator translator_;
  Core core_;
  Tape tape_;
  Batch batch_;
  ByteBuffer results_;
  ByteBuffer events_;
  std::string records_;
  std::uint64_t seq_ = 0;
  std::int64_t time_ns_ = kFirstTimeNs;
  std::uint64_t ticks_ = 0;
  std::uint64_t rejects_ = 0;
  std::vector<std::uint32_t> latencies_;
};

}  // namespace

Outcome run(const Recording& recording, const Options& options) {
  Outcome out = Run(recording, options).play(Measure::kThroughput);
  const Outcome each = Run(recording, options).play(Measure::kEachCommand);
  if (each.hash != out.hash || each.state_hash != out.state_hash) throw std::logic_error("two runs differ");
  out.p50_ns = each.p50_ns;
  out.p99_ns = each.p99_ns;
  out.p999_ns = each.p999_ns;
  out.p9999_ns = each.p9999_ns;
  if (options.memory) out.core_bytes = Run(recording, options).play(Measure::kMemory).core_bytes;
  return out;
}

}  // namespace exchange::engine::replay
