// Reading the commands about trading sessions.
#include "decode_sessions.hpp"

namespace exchange::engine {
namespace {

OpenSession read_open_session(Reader in) {
  OpenSession out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.session_id = read_uint64(in); break;
      case 3: out.gateway_id = read_uint64(in); break;
      case 4: out.connection_id = read_fixed64(in); break;
      case 5: out.scope = read_enum(in, DisconnectScope::kAccount); break;
      case 6: out.grace_ms = read_uint32(in); break;
      case 7: out.heartbeat_timeout_ms = read_uint32(in); break;
      case 8: out.valid_until_ns = read_int64(in); break;
      default: throw Malformed{};
    }
  }
  require(out.session_id != 0 && out.scope != DisconnectScope{});
  return out;
}

// Packed or not: writers may choose.
void read_epochs(Reader& in, std::vector<std::uint64_t>& out) {
  if (in.wire_type() == WireType::varint) {
    require(out.size() < kMaxKeptSessions);
    out.push_back(in.get_uint64());
    return;
  }
  require(in.wire_type() == WireType::length_delimited);
  for (const std::uint64_t epoch : in.get_packed_uint64()) {
    require(out.size() < kMaxKeptSessions);
    out.push_back(epoch);
  }
}

KeepGateway read_keep_gateway(Reader in, Batch& batch) {
  KeepGateway out;
  std::vector<std::uint64_t>& epochs = batch.session_epochs.emplace_back();
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.gateway_id = read_uint64(in); break;
      case 2: out.lease_ms = read_uint32(in); break;
      case 3: read_epochs(in, epochs); break;
      default: throw Malformed{};
    }
  }
  require(out.gateway_id != 0);
  out.session_epochs = epochs;
  return out;
}

EndSession read_end_session(Reader in) {
  EndSession out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.session_epoch = read_uint64(in); break;
      case 3: out.end = read_enum(in, SessionEnd::kLost); break;
      default: throw Malformed{};
    }
  }
  require(out.end != SessionEnd{});
  return out;
}

LeaderChange read_leader_change(Reader in) {
  require(!in.next());
  return {};
}

}  // namespace

void read_session_body(CommandKind kind, Reader in, Batch& batch, Command& out) {
  switch (kind) {
    case CommandKind::kOpenSession: out.body = read_open_session(in); return;
    case CommandKind::kKeepGateway: out.body = read_keep_gateway(in, batch); return;
    case CommandKind::kEndSession: out.body = read_end_session(in); return;
    default: out.body = read_leader_change(in); return;
  }
}

}  // namespace exchange::engine
