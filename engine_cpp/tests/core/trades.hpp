// Trades as those who were told of them would have them taken back.
#pragma once

#include <cstdint>

#include "events.hpp"
#include "exchange/engine/core.hpp"

namespace exchange::engine::testing {

[[nodiscard]] inline BustedTrade as_made(const TradeView& trade, std::int64_t value_time_ns, std::uint32_t value_date = 0) {
  return {.trade_id = trade.trade_id,
          .maker_account_id = trade.maker_account_id,
          .taker_account_id = trade.taker_account_id,
          .price = trade.price,
          .quantity = trade.quantity,
          .maker_fee = trade.maker_fee,
          .taker_fee = trade.taker_fee,
          .value_time_ns = value_time_ns,
          .instrument_id = trade.instrument_id,
          .value_date = value_date,
          .taker_side = trade.taker_side};
}

}  // namespace exchange::engine::testing
