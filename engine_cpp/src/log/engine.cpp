#include "exchange/engine/log/engine.hpp"

#include <algorithm>
#include <utility>

#include "exchange/engine/log/record.hpp"
#include "state_bytes.hpp"
#include "wire.hpp"

namespace exchange::engine::log {
namespace {

// Ticks that one batch lets pass before its own commands; what is then still due follows in the next.
constexpr int kTicksPerBatch = 4;

// `exchange.error.v1.Reason` of refusals that the core knows nothing of.
constexpr auto kUnavailable = static_cast<Reason>(8);
constexpr auto kLimitExceeded = static_cast<Reason>(12);

std::string_view view(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t journal_bytes(const Batch& batch) {
  std::uint64_t bytes = record_bytes(kLeaderChangeCommand.size()) + kTicksPerBatch * record_bytes(kTickCommand.size());
  for (const Command& command : batch.commands) bytes += record_bytes(command.bytes.size());
  return bytes;
}

// A field may be repeated without end, so even a command of the contract may be longer than the journal reads back.
bool fit_records(const Batch& batch) {
  return std::ranges::all_of(batch.commands, [](const Command& c) { return c.bytes.size() <= kMaxPayloadBytes; });
}

}  // namespace

Answer Engine::apply(std::span<const std::byte> submit_request, std::int64_t now_ns, CommandKinds allowed_kinds) {
  const std::lock_guard lock(mutex_);
  require_open();
  Answer answer;
  const Reason refusal = admit(submit_request, allowed_kinds);
  if (refusal != Reason::kNone) {
    put_field(answer.bytes, 2, static_cast<std::uint64_t>(refusal));
    return answer;
  }
  const std::int64_t time_ns = std::max(time_ns_, now_ns);
  begin_to_lead(time_ns);
  tick_if_due(time_ns);
  results_.clear();
  sequence_batch(time_ns);
  answer.bytes = results_.view();
  hand_over(time_ns);
  answer.ticket = last_seq_;
  return answer;
}

std::uint64_t Engine::durable() const {
  require_alive();
  return durable_.load(std::memory_order_acquire);
}

std::optional<std::int64_t> Engine::next_deadline() const {
  const std::lock_guard lock(mutex_);
  return core_->next_deadline();
}

Answer Engine::read_events(std::uint64_t after_seq, std::uint64_t max_bytes) const {
  const std::uint64_t durable_seq = published();
  EventRange range = events_.read(after_seq, max_bytes);
  if (range.blocks.empty()) return {range.last_seq, {}};
  return {range.last_seq, response_head(std::max(durable_seq, range.last_seq)) + range.blocks};
}

std::string Engine::heartbeat() const { return response_head(published()); }

// In this order: what is published was noted before it was.
std::optional<Answer> Engine::heartbeat_without_instruments(std::uint64_t after_seq) const {
  const std::uint64_t published_seq = published();
  if (instruments_seq_.load(std::memory_order_acquire) > after_seq) return std::nullopt;
  return Answer{std::max(published_seq, after_seq), response_head(published_seq)};
}

std::pair<std::uint64_t, std::vector<std::string>> Engine::snapshot_parts() const {
  std::pair<std::uint64_t, std::vector<std::string>> snapshot;
  const std::lock_guard lock(mutex_);
  snapshot.first = last_seq_;
  core_->snapshot_parts(history_.epoch(), [&](std::string_view part) { snapshot.second.emplace_back(part); });
  return snapshot;
}

std::optional<Answer> Engine::query(std::uint64_t account_id) const {
  const std::lock_guard lock(mutex_);
  Answer answer{last_seq_, {}};
  ByteBuffer bytes;
  if (!core_->query(account_id, bytes)) return std::nullopt;
  answer.bytes = bytes.view();
  return answer;
}

std::optional<Levels> Engine::depth(std::uint32_t instrument_id, Side side, std::span<PriceLevel> levels) const {
  const std::lock_guard lock(mutex_);
  const std::optional<std::size_t> count = core_->depth(instrument_id, side, levels);
  if (!count) return std::nullopt;
  return Levels{last_seq_, *count};
}

std::optional<Top> Engine::top(std::uint32_t instrument_id) const {
  const std::lock_guard lock(mutex_);
  Top top{last_seq_, {}, {}};
  for (const Side side : {Side::kBuy, Side::kSell}) {
    PriceLevel best;
    const std::optional<std::size_t> count = core_->depth(instrument_id, side, {&best, 1});
    if (!count) return std::nullopt;
    if (*count == 1) (side == Side::kBuy ? top.bid : top.ask) = best;
  }
  return top;
}

State Engine::state(bool with_hash) {
  State state;
  {
    const std::lock_guard lock(mutex_);
    state = state_locked(with_hash);
  }
  if (with_hash) compare(state.engine_seq, state.state_hash);
  return state;
}

void Engine::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  journal_->close();
  publisher_->close();
  const std::lock_guard no_snapshot(snapshot_mutex_);
  leave_history();
  lock_.reset();
}

void Engine::committed(std::uint64_t engine_seq) {
  durable_.store(engine_seq, std::memory_order_release);
  publisher_->release(engine_seq);
  signal_.raise();
}

void Engine::synced(std::uint64_t engine_seq) {
  {
    const std::lock_guard lock(failure_mutex_);
    synced_ = engine_seq;
  }
  synced_changed_.notify_all();
}

void Engine::failed(const std::string& reason) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (failure_.empty()) failure_ = reason;
  }
  synced_changed_.notify_all();
  publisher_->abandon();
  signal_.raise();
}

// Decides whether a batch may be sequenced; fills batch_ if so.
Reason Engine::admit(std::span<const std::byte> submit_request, CommandKinds allowed_kinds) {
  batch_.clear();
  const Reason unreadable = Core::decode(submit_request, allowed_kinds, batch_);
  if (unreadable != Reason::kNone) return unreadable;
  if (!fit_records(batch_) || journal_bytes(batch_) > journal_->max_batch_bytes()) return kLimitExceeded;
  if (full()) return kUnavailable;
  return Reason::kNone;
}

// The first that is sequenced in this life: nobody was heard since the last one, and no session is to fire for that.
void Engine::begin_to_lead(std::int64_t time_ns) {
  if (std::exchange(leads_, true) || core_->counts().sessions == 0) return;
  sequence(Command{LeaderChange{}, kLeaderChangeCommand}, time_ns);
}

void Engine::tick_if_due(std::int64_t time_ns) {
  for (int i = 0; i < kTicksPerBatch; ++i) {
    const std::optional<std::int64_t> deadline = core_->next_deadline();
    if (!deadline || *deadline > time_ns) return;
    sequence(Command{Tick{}, kTickCommand}, time_ns);
  }
}

void Engine::sequence_batch(std::int64_t time_ns) {
  const std::span<const Command> commands(batch_.commands);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    core_->announce(commands.subspan(i + 1));
    sequence(commands[i], time_ns);
  }
}

void Engine::sequence(const Command& command, std::int64_t time_ns) {
  ++last_seq_;
  append_command(records_, last_seq_, time_ns, view(command.bytes));
  core_->apply(command, Stamp{last_seq_, time_ns}, results_, blocks_, batch_.response_mode);
}

// The events go first: the journal may commit before the next line.
void Engine::hand_over(std::int64_t time_ns) {
  if (records_.empty()) return;
  time_ns_ = time_ns;
  instruments_seq_.store(core_->instruments_seq(), std::memory_order_release);
  blocks_ = publisher_->add(last_seq_, std::exchange(blocks_, {}));
  journal_->append({std::exchange(records_, {}), last_seq_, time_ns});
}

void Engine::require_alive() const {
  const std::lock_guard lock(failure_mutex_);
  if (!failure_.empty()) throw JournalFailed(failure_);
}

// With mutex_ held.
void Engine::require_open() const {
  require_alive();
  if (closed_) throw JournalFailed("the engine is closed");
}

// The fields of EventsResponse that come before its blocks.
std::string Engine::response_head(std::uint64_t durable_seq) const {
  std::string head;
  put_field(head, 1, options_.shard);
  put_field(head, 2, history_.epoch());
  put_field(head, 3, durable_seq);
  return head;
}

State Engine::state_locked(bool with_hash) const {
  return {options_.shard,
          history_.epoch(),
          last_seq_,
          durable_.load(std::memory_order_acquire),
          with_hash ? core_->state_hash() : 0,
          snapshot_seq_.load(std::memory_order_acquire),
          time_ns_,
          core_->counts().open_orders};
}

}  // namespace exchange::engine::log
