package main

// Protobuf by hand: only what a load client writes and reads, so that it does not become what is measured.

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	modeAck = 1
)

func putVarint(out []byte, value uint64) []byte { return binary.AppendUvarint(out, value) }

func putNumber(out []byte, field int, value uint64) []byte {
	return putVarint(putVarint(out, uint64(field)<<3), value)
}

func putText(out []byte, field int, text string) []byte {
	return append(putVarint(putVarint(out, uint64(field)<<3|2), uint64(len(text))), text...)
}

func putBytes(out []byte, field int, content []byte) []byte {
	return append(putVarint(putVarint(out, uint64(field)<<3|2), uint64(len(content))), content...)
}

// openSession opens a session that cancels nothing when it is lost.
func openSession() []byte {
	asked := putNumber(nil, 2, 1)
	asked = putNumber(asked, 4, 300_000)
	return putBytes(nil, 1, asked)
}

type order struct {
	id       string
	clientID string
	buy      bool
	entering bool
}

func decimal(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

func side(buy bool) uint64 {
	if buy {
		return 1
	}
	return 2
}

// placeRequest is a PlaceOrderRequest: LIMIT, GTC or IOC.
func placeRequest(out []byte, instrument, clientID string, buy bool, timeInForce uint64, cents int64, quantity string) []byte {
	out = putText(out, 1, clientID)
	out = putText(out, 2, instrument)
	out = putNumber(out, 3, side(buy))
	out = putNumber(out, 4, 1)
	out = putNumber(out, 5, timeInForce)
	out = putText(out, 6, decimal(cents))
	return putText(out, 7, quantity)
}

func amendRequest(out []byte, instrument, orderID string, cents int64) []byte {
	out = putText(out, 1, orderID)
	out = putText(out, 4, decimal(cents))
	return putText(out, 11, instrument)
}

func cancelRequest(out []byte, orderID string) []byte { return putText(out, 1, orderID) }

var errWire = errors.New("the answer is no protobuf")

// fields calls take with each field: its number, and its content or its value.
func fields(message []byte, take func(field int, content []byte, value uint64)) error {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 {
			return errWire
		}
		message = message[size:]
		value, size := binary.Uvarint(message)
		if size <= 0 {
			return errWire
		}
		message = message[size:]
		if key&7 == 0 {
			take(int(key>>3), nil, value)
			continue
		}
		if key&7 != 2 || value > uint64(len(message)) {
			return errWire
		}
		take(int(key>>3), message[:value], 0)
		message = message[value:]
	}
	return nil
}

type result struct {
	reason  uint64
	orderID string
}

type answer struct {
	kind          int
	correlationID uint64
	refused       bool
	results       []result
}

// readAnswer reads an OrderEntryResponse.
func readAnswer(message []byte, into *answer) error {
	*into = answer{results: into.results[:0]}
	var inner error
	err := fields(message, func(kind int, body []byte, _ uint64) {
		if kind != 2 {
			into.kind = max(into.kind, 1) // what a message tells beside its results is not asked for
			return
		}
		into.kind = kind
		inner = fields(body, func(field int, content []byte, value uint64) {
			switch field {
			case 1:
				into.correlationID = value
			case 2:
				var one result
				inner = errors.Join(inner, fields(content, func(field int, content []byte, value uint64) {
					if field == 1 {
						one.reason = value
					} else if field == 5 {
						one.orderID = string(content)
					}
				}))
				into.results = append(into.results, one)
			case 3:
				into.refused = true
			}
		})
	})
	return errors.Join(err, inner)
}
