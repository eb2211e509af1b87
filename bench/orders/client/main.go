// A load client of order entry: closed loop with so many messages in flight, or open loop at a fixed rate, in which a
// message's time runs from when it was due, whether it could be sent then or not.
//
// It reads a plan from standard input and writes what it measured to standard output, both JSON.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	entryMethod = "/exchange.orders.v1.OrderEntryService/OrderEntry"
	placeMethod = "/exchange.orders.v1.OrdersService/PlaceOrder"
	warmUp      = 500 * time.Millisecond
)

// Plan is one run.
type Plan struct {
	Edge       string   `json:"edge"`
	CA         string   `json:"ca"`
	Tokens     []string `json:"tokens"` // one a client
	Instrument string   `json:"instrument"`
	Run        string   `json:"run"` // of this run alone: client order ids begin with it
	Unary      bool     `json:"unary"`
	Batch      int      `json:"batch"`
	InFlight   int      `json:"in_flight"`
	PerSecond  float64  `json:"per_second"` // items a second of all clients; 0 is a closed loop
	Seconds    float64  `json:"seconds"`
}

// Report is what came of it.
type Report struct {
	Items       int64            `json:"items"`
	Messages    int64            `json:"messages"`
	Refused     int64            `json:"refused_items"`
	Batches     int64            `json:"refused_messages"`
	Reasons     map[uint64]int64 `json:"refused_by_reason"`
	Seconds     float64          `json:"seconds"`
	ItemsPerS   float64          `json:"items_per_s"`
	P50         float64          `json:"p50_ms"`
	P90         float64          `json:"p90_ms"`
	P99         float64          `json:"p99_ms"`
	P999        float64          `json:"p99_9_ms"`
	Max         float64          `json:"max_ms"`
	sinceWarmUp time.Time
	histogram   *hdrhistogram.Histogram
	lock        sync.Mutex
}

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (rawCodec) Name() string                       { return "proto" }

func main() {
	var plan Plan
	check(json.NewDecoder(os.Stdin).Decode(&plan))
	report := &Report{Reasons: map[uint64]int64{}, histogram: hdrhistogram.New(1, 60_000_000, 3)}
	start := time.Now()
	report.sinceWarmUp = start.Add(warmUp)
	end := report.sinceWarmUp.Add(time.Duration(plan.Seconds * float64(time.Second)))
	var clients sync.WaitGroup
	for index, token := range plan.Tokens {
		clients.Add(1)
		go func() {
			defer clients.Done()
			client := newClient(plan, token, index, report, start, end)
			if plan.Unary {
				check(client.call())
			} else {
				check(client.stream())
			}
		}()
	}
	clients.Wait()
	report.Seconds = min(time.Since(report.sinceWarmUp).Seconds(), plan.Seconds)
	report.finish()
	check(json.NewEncoder(os.Stdout).Encode(report))
}

func (r *Report) finish() {
	r.ItemsPerS = float64(r.Items) / r.Seconds
	ms := func(q float64) float64 { return float64(r.histogram.ValueAtQuantile(q)) / 1_000 }
	r.P50, r.P90, r.P99, r.P999 = ms(50), ms(90), ms(99), ms(99.9)
	r.Max = float64(r.histogram.Max()) / 1_000
}

// take notes an answer: how long its message took, and what it said.
func (r *Report) take(due time.Time, items int, refused []uint64, whole bool) {
	now := time.Now()
	if now.Before(r.sinceWarmUp) {
		return
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.Messages++
	r.Items += int64(items)
	r.Refused += int64(len(refused))
	for _, reason := range refused {
		r.Reasons[reason]++
	}
	if whole {
		r.Batches++
	}
	_ = r.histogram.RecordValue(max(now.Sub(due).Microseconds(), 1))
}

type client struct {
	plan    Plan
	index   int
	report  *Report
	start   time.Time
	end     time.Time
	context context.Context
	channel *grpc.ClientConn
}

func newClient(plan Plan, token string, index int, report *Report, start, end time.Time) *client {
	authority, err := os.ReadFile(plan.CA)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	channel, err := grpc.NewClient(plan.Edge,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(16<<20)),
		grpc.WithInitialWindowSize(4<<20), grpc.WithInitialConnWindowSize(16<<20))
	check(err)
	authorized := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
	return &client{plan, index, report, start, end, authorized, channel}
}

// pace says when the next message is due; in a closed loop, now.
func (c *client) pace() func() time.Time {
	if c.plan.PerSecond == 0 {
		return time.Now
	}
	perMessage := float64(c.plan.Batch*len(c.plan.Tokens)) / c.plan.PerSecond * float64(time.Second)
	next := c.start.Add(time.Duration(perMessage * float64(c.index) / float64(len(c.plan.Tokens))))
	return func() time.Time {
		due := next
		next = next.Add(time.Duration(perMessage))
		time.Sleep(time.Until(due))
		return due
	}
}

type sent struct {
	due     time.Time
	touched []order
}

func (c *client) stream() error {
	description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := c.channel.NewStream(c.context, description, entryMethod)
	if err != nil {
		return err
	}
	opened := openSession()
	if err := stream.SendMsg(opened); err != nil {
		return err
	}
	var bytes []byte
	if err := stream.RecvMsg(&bytes); err != nil {
		return err
	}
	maker := newMaker(c.plan.Instrument, fmt.Sprintf("%s-%d-", c.plan.Run, c.index), int64(c.index))
	var lock sync.Mutex // of the maker
	waiting := make(chan sent, 1<<16)
	places := make(chan struct{}, c.plan.InFlight)
	failed := make(chan error, 1)
	go func() { failed <- c.receive(stream, maker, &lock, waiting, places) }()
	pace := c.pace()
	for correlation := uint64(1); time.Now().Before(c.end); correlation++ {
		due := pace()
		places <- struct{}{}
		if c.plan.PerSecond == 0 {
			due = time.Now()
		}
		lock.Lock()
		message, touched := maker.batch(nil, correlation, c.plan.Batch)
		lock.Unlock()
		waiting <- sent{due, touched}
		if err := stream.SendMsg(message); err != nil {
			return <-failed
		}
	}
	close(waiting)
	err = <-failed
	if err == nil {
		err = stream.SendMsg(putBytes(nil, 4, nil))
	}
	return err
}

func (c *client) receive(stream grpc.ClientStream, maker *maker, lock *sync.Mutex, waiting chan sent, places chan struct{}) error {
	var told answer
	for each := range waiting {
		for told.kind = 0; told.kind != 2; {
			var bytes []byte
			if err := stream.RecvMsg(&bytes); err != nil {
				return err
			}
			if err := readAnswer(bytes, &told); err != nil {
				return err
			}
		}
		lock.Lock()
		refused := maker.learn(told.results, each.touched)
		lock.Unlock()
		c.report.take(each.due, len(told.results), refused, told.refused)
		<-places
	}
	return nil
}

// call enters orders by single calls, each worker one after the other.
func (c *client) call() error {
	var workers sync.WaitGroup
	failed := make(chan error, c.plan.InFlight)
	for worker := range c.plan.InFlight {
		workers.Add(1)
		go func() {
			defer workers.Done()
			failed <- c.work(worker)
		}()
	}
	workers.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *client) work(worker int) error {
	prefix := fmt.Sprintf("%s-%d-%d-", c.plan.Run, c.index, worker)
	maker := newMaker(c.plan.Instrument, prefix, int64(c.index*1_000+worker))
	for time.Now().Before(c.end) {
		var entered order
		request := maker.place(&entered)
		due := time.Now()
		var bytes []byte
		err := c.channel.Invoke(c.context, placeMethod, request, &bytes)
		var refused []uint64
		if err != nil {
			refused = append(refused, uint64(status.Code(err)))
		}
		c.report.take(due, 1, refused, false)
	}
	return nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
