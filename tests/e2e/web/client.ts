// A grpc-web client in Node, driven by JSON lines: {id, method, request, token, stream} in, {id, answer | refused | end} out.
import { createInterface } from "node:readline";
import { fromJson, toJson, createRegistry, type DescMethod, type JsonValue, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService } from "../../../gen/ts/exchange/auth/v1/auth_service_pb.js";
import { MarketDataService } from "../../../gen/ts/exchange/market_data/v1/market_data_service_pb.js";
import { OrdersService } from "../../../gen/ts/exchange/orders/v1/orders_service_pb.js";
import { SandboxService } from "../../../gen/ts/exchange/wallets/v1/sandbox_service_pb.js";
import { WalletsService } from "../../../gen/ts/exchange/wallets/v1/wallets_service_pb.js";
import { ErrorInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.js";

const services = [AuthService, MarketDataService, OrdersService, SandboxService, WalletsService];
const json = { useProtoFieldName: true, alwaysEmitImplicit: true } as const;
const registry = createRegistry(...services, ErrorInfoSchema);

interface Call {
  id: number;
  method: string;
  request: JsonValue;
  token: string | null;
  stream: boolean;
  cancel?: boolean;
}

const following = new Map<number, AbortController>();

function transportWith(token: string | null): Transport {
  const authorize: Interceptor = (next) => (request) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  return createGrpcWebTransport({ baseUrl: process.argv[2]!, interceptors: [authorize] });
}

function methodOf(name: string): DescMethod {
  const [service, method] = name.split("/");
  const found = services.find((s) => `${s.typeName}` === service)?.methods.find((m) => m.name === method);
  if (!found) throw new Error(`no method ${name}`);
  return found;
}

function say(id: number, line: object): void {
  process.stdout.write(JSON.stringify({ id, ...line }) + "\n");
}

function refusalOf(error: unknown): object {
  const refused = ConnectError.from(error);
  const [info] = refused.findDetails(ErrorInfoSchema);
  const code = Code[refused.code].replace(/(?<!^)([A-Z])/g, "_$1").toUpperCase();
  return { code, reason: info?.reason ?? "", message: refused.rawMessage, metadata: info?.metadata ?? {} };
}

async function serve(call: Call): Promise<void> {
  const method = methodOf(call.method);
  const client = createClient(method.parent, transportWith(call.token)) as Record<string, Function>;
  const request = fromJson(method.input, call.request, { registry });
  const answer = (message: Message) => say(call.id, { answer: toJson(method.output, message, { ...json, registry }) });
  try {
    if (call.stream) {
      const controller = new AbortController();
      following.set(call.id, controller);
      for await (const message of client[method.localName]!(request, { signal: controller.signal })) answer(message);
      say(call.id, { end: true });
    } else {
      answer(await client[method.localName]!(request));
    }
  } catch (error) {
    say(call.id, { refused: refusalOf(error) });
  } finally {
    following.delete(call.id);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call;
  if (call.cancel) following.get(call.id)?.abort();
  else void serve(call);
}
