#include "exchange/engine/core.hpp"

#include "shard.hpp"

namespace exchange::engine {
namespace {

// Hashes what a state would write. FNV's shape over words, with `mix` for its multiplication.
class HashSink final : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override {
    for (const std::byte byte : bytes) take(byte);
  }

  [[nodiscard]] std::uint64_t digest() const noexcept { return mix(hash_ ^ word_ ^ mix(size_)); }

 private:
  void take(std::byte byte) noexcept {
    word_ |= std::to_integer<std::uint64_t>(byte) << (8 * (size_ % 8));
    if (++size_ % 8 != 0) return;
    hash_ = mix(hash_ ^ word_) + size_;
    word_ = 0;
  }

  std::uint64_t hash_ = 0;
  std::uint64_t word_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace

Core::Core(const Limits& limits, std::uint8_t shard) : shard_(std::make_unique<Shard>(limits, shard)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::apply(const Command& command, Stamp stamp, ByteBuffer& result, ByteBuffer& events,
                 ResponseMode mode) noexcept {
  shard_->apply(command, stamp, mode, result, events);
}

void Core::announce(std::span<const Command> coming) noexcept { shard_->announce(coming); }

std::optional<std::int64_t> Core::next_deadline() const noexcept { return shard_->next_deadline(); }

Stamp Core::last_stamp() const noexcept { return shard_->last_stamp(); }

std::uint64_t Core::instruments_seq() const noexcept { return shard_->instruments_seq(); }

std::uint64_t Core::state_hash() const {
  HashSink sink;
  shard_->save(sink);
  return sink.digest();
}

void Core::save(Sink& sink) const { shard_->save(sink); }

bool Core::load(Source& source) {
  assert(last_stamp().engine_seq == 0);
  return shard_->load(source);
}

bool Core::query(std::uint64_t account_id, ByteBuffer& out) const {
  const Slot account = shard_->accounts().balances().find(account_id);
  if (account == kNil) return false;
  shard_->query(account, out);
  return true;
}

void Core::snapshot_parts(std::uint32_t epoch, const std::function<void(std::string_view)>& emit) const {
  shard_->snapshot_parts(epoch, emit);
}

std::optional<std::size_t> Core::depth(std::uint32_t instrument_id, Side side,
                                       std::span<PriceLevel> levels) const noexcept {
  return shard_->depth(instrument_id, side, levels);
}

Counts Core::counts() const noexcept { return shard_->counts(); }

bool Core::consistent() const { return shard_->consistent(); }

}  // namespace exchange::engine
