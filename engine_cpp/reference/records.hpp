// What the naive engine remembers of instruments, accounts, orders and requests, and what a command comes to.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "encode.hpp"
#include "exchange/engine/core.hpp"

namespace exchange::engine::reference {

__extension__ using Wide = __int128;

struct Asset {
  std::string symbol;
  std::uint32_t scale = 0;
};

struct Unsettled {
  Wide base = 0;
  Wide quote = 0;
};

struct Instrument {
  InstrumentDefinition definition;  // its text views point at the strings below
  std::string symbol, base_symbol, quote_symbol;
  std::uint64_t listed_seq = 0;
  std::uint64_t book_seq = 0;
  std::uint64_t trade_seq = 0;
  std::optional<std::int64_t> last_price{};
  StatedPrices prices{};
  AuctionKind auction_kind{};
  AuctionKind collected_for{};  // the auction that orders have collected for since they last matched
  AuctionView told{};           // what the auction would do, as told last
  // The last date and price of each; date 0 before the first.
  std::tuple<std::uint32_t, std::int64_t> settled{};
  std::tuple<std::uint32_t, std::int64_t, std::int64_t> rolled{};
  std::tuple<std::uint32_t, std::int64_t> expired{};
  // What each account is to receive under each value date that is not delivered; negative: to give.
  std::map<std::uint32_t, std::map<std::uint64_t, Unsettled>> unsettled{};
  std::uint32_t delivered = 0;  // the last date that was
  std::set<std::uint32_t> delivering{};
  std::vector<std::uint64_t> holders{};  // accounts with an order or a position, in order of the first
  // MARKET orders that wait for an uncross, by the worst price of each.
  std::map<std::int64_t, std::list<std::uint64_t>> waiting_bids;
  std::map<std::int64_t, std::list<std::uint64_t>> waiting_asks;
  std::map<std::int64_t, std::list<std::uint64_t>> bids;  // best last
  std::map<std::int64_t, std::list<std::uint64_t>> asks;  // best first
};

struct Balance {
  std::int64_t available = 0;
  std::int64_t held = 0;
};

// What an account holds of an instrument on margin; negative: short.
struct Position {
  std::int64_t quantity = 0;
  std::int64_t cost = 0;
  std::int64_t realised = 0;
};

// A position with the orders that may change it.
struct Outlook {
  Wide quantity = 0;
  Wide buys = 0;
  Wide sells = 0;
  Wide reserved = 0;
  std::size_t reducing = 0;  // orders that are checked together and only reduce
};

struct Account {
  OpenAccount opened;  // with the effective group
  AccountView set;     // as it is now, but for the number of its last private event
  std::uint64_t opened_seq = 0;
  std::map<std::uint32_t, Balance> balances;
  std::map<std::uint32_t, Position> positions{};
  std::vector<std::uint32_t> held_in_order{};  // instruments on margin, in order of the first order
  std::map<std::uint32_t, Outlook> claimed{};  // by orders that are checked together, on margin
  std::uint32_t ids = 0;
  std::uint32_t open_orders = 0;
  std::uint64_t private_events = 0;
};

struct Order {
  OrderView view;
  std::optional<SpecialView> special{};
  std::int64_t limit = 0;  // worst price
  std::int64_t held_at = 0;  // the price that it is held at: of a MARKET order, the static band where there is one
  std::optional<std::int64_t> band{};  // worst price that the dynamic band lets it trade at in this command
  std::int64_t watermark = 0;  // of a trailing stop; its view has it as it was told last
  std::uint64_t trail_turn = 0;  // of a child that trails: after all that did when it began
  std::int64_t held = 0;
  std::int64_t maker_notional = 0;
  std::int64_t taker_notional = 0;
  std::int32_t maker_ppm = 0;
  std::int32_t taker_ppm = 0;
  int references = 0;
  std::uint64_t parent = 0;     // the order that it came with and waits for, or has more to get from
  bool awaits_parent = false;   // and got nothing of yet

  [[nodiscard]] bool is_open() const { return view.leaves_quantity > 0; }
  [[nodiscard]] std::uint64_t turn() const { return trail_turn == 0 ? view.order_id : trail_turn; }
  [[nodiscard]] bool has_budget() const { return view.quote_budget > 0; }
  [[nodiscard]] bool shows_slices() const { return special && special->display_quantity > 0; }
  [[nodiscard]] bool is_for_auction() const {
    return view.time_in_force == TimeInForce::kAtOpen || view.time_in_force == TimeInForce::kAtClose;
  }
  [[nodiscard]] bool waits() const { return is_for_auction() && view.type == OrderType::kMarket; }
};

// A parent and the children that come with its fills; gone once they can get no more.
struct Group {
  LinkType link{};
  std::vector<std::uint64_t> children;  // in order of entry
  std::vector<std::uint64_t> fed;       // those that need nothing but what the parent brings
  std::int64_t quantity = 0;            // of the parent as it entered
  std::int64_t passed = 0;              // of its fills, what the children got
};

struct RememberedId {
  std::uint64_t account_id = 0;
  std::string id;
  CommandKind kind{};
  std::uint64_t fingerprint = 0;
  std::uint64_t engine_seq = 0;
  std::int64_t used_ns = 0;
  std::int64_t since_ns = 0;
  Reason reason{};
  std::uint64_t order_id = 0;
  bool pinned = false;
  OrderView answered{};  // the order as the first answer showed it
  std::uint32_t cancelled = 0;
};

struct AnsweredTransfer {
  Transfer transfer;
  std::uint64_t engine_seq = 0;
  Reason reason{};
};

// A mass cancel that is not done yet.
struct MassCancelLeft {
  std::uint64_t account_id = 0;
  MassCancel wanted;
  MassCancelCause cause{};
  std::uint64_t newest_order_id = 0;
  std::uint64_t asked_seq = 0;
  std::uint32_t count = 0;
};

// Trailing stops of one instrument that watch one price from one side: when it was listed, which price, which side.
using TrailKey = std::tuple<std::uint64_t, int, bool>;

// Who is still to be told that its trigger moved.
struct TrailTold {
  std::uint64_t next_id = 0;
  std::uint64_t again_id = 0;
};

struct Session {
  OpenSession opened;
  std::uint64_t epoch = 0;
  bool lost = false;
  SessionLoss loss{};
  std::int64_t due_ns = 0;
  bool due_is_grace = false;  // the leader changed: a live one fires at once when its time is up
};

struct Gateway {
  std::int64_t lease_ns = 0;
  std::int64_t due_ns = 0;
  std::list<std::uint64_t> live;  // epochs of its sessions, in order of becoming live
};

// What is done to all positions of an instrument, or an exercise of some.
struct Sweep {
  enum Kind { kSettle, kRoll, kExpire, kExercise, kDeliver };

  Kind kind{};
  std::uint32_t instrument_id = 0;
  std::uint32_t trading_date = 0;
  std::int64_t price = 0;
  std::int64_t short_price = 0;
  std::uint64_t account_id = 0;
  std::int64_t quantity = 0;
  std::size_t next = 0;  // of the holders
  std::uint32_t positions = 0;
};

// A trade that was taken back, or is.
struct Bust {
  BustedTrade trade;
  std::uint64_t asked_seq = 0;
};

// A bust that is not done yet.
struct BustLeft {
  std::uint64_t trade_id = 0;
  std::list<MassCancelLeft> cancels{};  // of its accounts
};

// A walk over all that hold an instrument.
struct Inspection {
  std::uint32_t instrument_id = 0;
  std::size_t next = 0;
  bool begun = false;
  bool again = false;
};

struct Liquidation {
  std::uint64_t account_id = 0;
  std::uint64_t begun_seq = 0;
  std::uint32_t cancelled = 0;
  std::size_t next = 0;  // of the instruments that the account holds
  bool acted = false;
  bool deleverages = false;
};

// Who is opposite to a position: found holder by holder, then closed against it one by one.
struct Opposites {
  std::uint64_t account_id = 0;  // of the position; 0: of none
  std::uint32_t instrument_id = 0;
  std::size_t next = 0;  // of the holders
  bool all_found = false;
  std::vector<std::pair<Wide, std::uint64_t>> ranked{};  // the best first, its score negated
};

struct CancelTimer {
  std::int64_t due_ns = 0;
  std::uint64_t armed_seq = 0;
};

struct Result {
  std::uint64_t engine_seq = 0;
  Reason reason = Reason::kNone;
  bool replayed = false;
  std::optional<OrderView> order{};
  std::uint32_t cancelled = 0;
  std::vector<Reason> all_reasons{};
  std::optional<OrderCostView> cost{};  // of an order that is only validated
  std::vector<OrderResultView> orders{};  // the special terms are added when it is written
  std::vector<std::vector<FillView>> order_fills{};  // of each of them
};

}  // namespace exchange::engine::reference
