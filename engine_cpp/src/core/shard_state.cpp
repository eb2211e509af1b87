// The shard as bytes: its saved state, and the views that other services ask for.
#include <algorithm>
#include <limits>

#include "encode.hpp"
#include "shard.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint64_t kStateFormat = 0x4558'4348'434F'5205;  // "EXCHCOR", version 5

// Fills `EventsResponse` messages with books and orders, and gives each away when it is full.
class Parts {
 public:
  Parts(std::uint32_t shard, std::uint32_t epoch, std::uint64_t engine_seq,
        const std::function<void(std::string_view)>& emit)
      : shard_(shard), epoch_(epoch), engine_seq_(engine_seq), emit_(emit) {}

  void add_book(const InstrumentDefinition& instrument, const Instrument& market, const Book& state,
                std::uint32_t value_date) {
    WireWriter(body_).message(2, [&](WireWriter& book) {
      book.message(1, [&](WireWriter& definition) { write_instrument(definition, instrument); });
      book.put(2, state.seq());
      book.put(3, state.trade_seq());
      if (state.trade_seq() > 0) book.put_signed_present(4, state.last_price());
      if (market.prices != StatedPrices{}) {
        book.message(5, [&](WireWriter& prices) { write_prices(prices, market.instrument_id, market.prices); });
      }
      book.put(6, market.auction_kind);
      book.put(7, value_date);
    });
    if (++books_ == kSnapshotPartOrders) flush(false);
  }

  void add_order(const OrderView& view, const SpecialView* special) {
    WireWriter(body_).message(3, [&](WireWriter& order) { write_order(order, view, special); });
    if (++orders_ == kSnapshotPartOrders) flush(false);
  }

  void finish() { flush(true); }

 private:
  void flush(bool last) {
    WireWriter(body_).put(4, last);
    ByteBuffer head;
    WireWriter(head).put(1, engine_seq_);
    head.append(body_.view());
    ByteBuffer message;
    WireWriter response(message);
    response.put(1, shard_);
    response.put(2, epoch_);
    response.put(3, engine_seq_);
    response.put(5, head.view());
    emit_(message.view());
    body_.clear();
    books_ = orders_ = 0;
  }

  std::uint32_t shard_;
  std::uint32_t epoch_;
  std::uint64_t engine_seq_;
  const std::function<void(std::string_view)>& emit_;
  ByteBuffer body_;
  std::size_t books_ = 0;
  std::size_t orders_ = 0;
};

template <class Visit>
void for_each_order(const Books& books, const Book& book, Side side, Visit visit) {
  for (Slot level = book.best(side); level != kNil; level = book.level(level).worse) {
    for (Slot at = book.level(level).first; at != kNil; at = book.order(at).next) visit(books.owner_of(book.order(at)));
  }
}

}  // namespace

void Core::Shard::save(Sink& sink) const {
  StateWriter out(sink);
  out.put(kStateFormat, shard_, last_.engine_seq, last_.time_ns);
  instruments_.save(out);
  accounts_.save(out);
  books_.save_counters(out);
  save_queues(out);
  save_triggers(out);
  save_pegs(out);
  sweeps_.save(out, instruments_.size());
}

bool Core::Shard::load(Source& source) {
  StateReader in(source);
  std::uint64_t format = 0;
  std::uint8_t shard = 0;
  in.get(format, shard, last_.engine_seq, last_.time_ns);
  in.require(format == kStateFormat && shard == shard_ && last_.time_ns >= 0);
  instruments_seq_ = last_.engine_seq;
  if (!in.ok() || !instruments_.load(in)) return false;
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) triggers_.open();
  if (!accounts_.load(in, last_.engine_seq) || !books_.load_counters(in)) return false;
  restore_links();
  for (Slot slot = 0; slot < accounts_.positions().size(); ++slot) {
    books_.restate_holding(slot, accounts_.positions()[slot].quantity);
  }
  return load_queues(in) && load_sweeps(in) && consistent() &&
         accounts_.busts().are_numbered(books_.before_first_trade_id(), books_.last_trade_id());
}

bool Core::Shard::load_sweeps(StateReader& in) {
  return sweeps_.load(in, instruments_.size(), accounts_.balances().accounts(), accounts_.positions().size(),
                      accounts_.unsettled().size()) &&
         accounts_.can_go_on(sweeps_) && accounts_.resume_deliveries(sweeps_);
}

// Orders of each book by number, in order of price and time; then those that wait beside it, likewise.
void Core::Shard::save_queues(StateWriter& out) const {
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    for (const Book* book : {&books_.book(instrument), &books_.waiting(instrument)}) {
      for (const Side side : {Side::kBuy, Side::kSell}) {
        std::uint32_t count = 0;
        for_each_order(books_, *book, side, [&](Slot) { ++count; });
        out.put(count);
        for_each_order(books_, *book, side, [&](Slot owner) { out.put(accounts_.orders()[owner].view.order_id); });
      }
    }
  }
}

bool Core::Shard::load_queues(StateReader& in) {
  std::vector<Rested> rested;
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    for (const bool waits : {false, true}) {
      for (const Side side : {Side::kBuy, Side::kSell}) {
        if (!load_queue(in, instrument, side, waits, rested)) return false;
      }
    }
  }
  if (!load_triggers(in, rested) || !load_pegs(in, rested)) return false;
  const auto number = [&](const Rested& order) { return accounts_.orders()[order.owner].view.order_id; };
  std::ranges::sort(rested, {}, number);
  if (std::ranges::adjacent_find(rested, {}, number) != rested.end()) return false;
  for (const Rested& order : rested) accounts_.restore_resting(order);
  for (Slot slot = 0; slot < instruments_.size(); ++slot) {
    if (instruments_[slot].phase == TradingPhase::kAuction) told_[slot] = books_.find_uncross(slot);
  }
  return true;
}

bool Core::Shard::load_queue(StateReader& in, Slot instrument, Side side, bool waits, std::vector<Rested>& rested) {
  const std::uint32_t count = in.get_count(std::numeric_limits<std::uint32_t>::max());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    std::uint64_t order_id = 0;
    in.get(order_id);
    const Slot owner = accounts_.orders().find(order_id);
    if (!in.ok() || owner == kNil || !books_.has_room()) return false;
    const OrderRecord& order = accounts_.orders()[owner];
    if (order.view.leaves_quantity == 0 || order.instrument != instrument || order.view.side != side) return false;
    if (order.waits() != waits || order.is_untriggered()) return false;
    if (order.view.type == OrderType::kPegged && !accounts_.working_price(owner)) return false;
    const Place place = accounts_.place_again(owner);
    if (place.display > 0 && !books_.may_hide_one_more()) return false;
    const Instrument& terms = instruments_[instrument];
    if (!terms.is_price(place.limit) || place.limit % terms.tick != 0) return false;
    rested.push_back({owner, books_.restore(place, waits)});
  }
  return in.ok();
}

bool Core::Shard::consistent() const {
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    for (const Book* book : {&books_.book(instrument), &books_.waiting(instrument)}) {
      if (!book->consistent(Side::kBuy) || !book->consistent(Side::kSell)) return false;
    }
    const bool collects = instruments_[instrument].collected_for != AuctionKind::kNone;
    if (!collects && (books_.book(instrument).is_crossed() || !books_.waiting(instrument).is_empty())) return false;
  }
  return accounts_.consistent() && triggers_consistent() && slices_consistent() && links_consistent() && positions_balanced() &&
         holdings_consistent();
}

// An expiry closes one position after the other, over several commands if they are many.
bool Core::Shard::positions_balanced() const {
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    const bool expires = std::ranges::any_of(sweeps_.unfinished(), [&](const Sweep& sweep) {
      return sweep.kind == SweepKind::kExpire && sweep.instrument == instrument;
    });
    if (!expires && !accounts_.positions().balanced(instrument)) return false;
  }
  return true;
}

void Core::Shard::query(Slot account, ByteBuffer& out) const {
  WireWriter response(out);
  response.put(1, last_.engine_seq);
  accounts_.balances().for_each(account, [&](Slot, const AccountBalance& balance) {
    if (balance.available == 0 && balance.held == 0) return;
    response.message(2, [&](WireWriter& message) {
      message.put(1, balance.asset_id);
      message.put(2, balance.available);
      message.put(3, balance.held);
      message.put(4, accounts_.unsettled(account, balance.asset));
    });
  });
  std::vector<Slot> open;
  accounts_.orders().collect_open(account, open);
  for (const Slot slot : open) {
    const OrderRecord& order = accounts_.orders()[slot];
    response.message(3, [&](WireWriter& message) {
      write_order(message, order.view, shown_special(slot));
    });
  }
  for (const PositionChangeView& position : accounts_.position_views(account)) {
    response.message(4, [&](WireWriter& message) { write_position(message, position); });
  }
  const AccountView view = accounts_.balances().view(account);
  response.put(5, view.account_seq);
  response.message(6, [&](WireWriter& message) { write_account(message, view); });
}

void Core::Shard::snapshot_parts(std::uint32_t epoch, const std::function<void(std::string_view)>& emit) const {
  Parts parts(shard_, epoch, last_.engine_seq, emit);
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    parts.add_book(instruments_.definition(instrument), instruments_[instrument], books_.book(instrument),
                   accounts_.unsettled().dates(instrument).last());
  }
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      for (const Book* book : {&books_.waiting(instrument), &books_.book(instrument)}) {
        for_each_order(books_, *book, side, [&](Slot owner) {
          const OrderRecord& order = accounts_.orders()[owner];
          parts.add_order(order.view, accounts_.orders().special_view(order));
        });
      }
    }
  }
  for (const Slot slot : accounts_.orders().sorted()) {
    const OrderRecord& order = accounts_.orders()[slot];
    if (order.is_untriggered() || order.is_off_book()) parts.add_order(order.view, shown_special(slot));
  }
  parts.finish();
}

std::optional<std::size_t> Core::Shard::depth(std::uint32_t instrument_id, Side side,
                                              std::span<PriceLevel> levels) const noexcept {
  const Slot instrument = instruments_.find(instrument_id);
  if (instrument == kNil) return {};
  const Book& book = books_.book(instrument);
  std::size_t count = 0;
  for (Slot at = book.best(side); at != kNil && count < levels.size(); at = book.level(at).worse) {
    levels[count++] = {book.level(at).price, book.level(at).quantity};
  }
  return count;
}

Counts Core::Shard::counts() const noexcept {
  return {.accounts = accounts_.balances().accounts(),
          .instruments = instruments_.size(),
          .open_orders = books_.open_orders(),
          .ids = accounts_.ids().size(),
          .sessions = accounts_.sessions().size()};
}

}  // namespace exchange::engine
