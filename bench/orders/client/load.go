package main

// What a client asks for: the mix of a busy market maker. Of 100 items 82 move an order, 9 enter one that rests, 3 one
// that trades at once or expires, 6 cancel. Moves and cancels are of orders that the answers told of.

import (
	"math/rand"
	"slices"
	"strconv"
)

const (
	middle   = 10_000 // cents
	restingQ = "1.0000"
	takingQ  = "0.0200"
	wanted   = 256 // resting orders of a client
)

type maker struct {
	instrument string
	prefix     string
	random     *rand.Rand
	last       int
	resting    []order
	waiting    int // orders of batches without an answer, that may come to rest
	item       []byte
	request    []byte
}

func newMaker(instrument, prefix string, seed int64) *maker {
	return &maker{instrument: instrument, prefix: prefix, random: rand.New(rand.NewSource(seed))}
}

// batch is an OrderEntryRequest with so many items, whose results shall say as little as can be, and the orders that its
// items enter or move, at their places.
func (m *maker) batch(out []byte, correlationID uint64, count int) ([]byte, []order) {
	body := putNumber(make([]byte, 0, count*80), 1, correlationID)
	touched := make([]order, count)
	for i := range touched {
		kind, request := m.ask(&touched[i])
		m.item = putBytes(m.item[:0], kind, request)
		body = putBytes(body, 2, m.item)
	}
	body = putNumber(body, 4, modeAck)
	return putBytes(out, 2, body), touched
}

// ask is one request and its field in an OrderItem.
func (m *maker) ask(touched *order) (int, []byte) {
	dice := m.random.Intn(100)
	if len(m.resting)+m.waiting < wanted && dice < 82 || dice < 9 {
		return 1, m.place(touched)
	}
	if dice < 12 {
		m.last++
		buy := m.random.Intn(2) == 0
		cents := int64(middle - 300)
		if buy {
			cents = middle + 300
		}
		m.request = placeRequest(m.request[:0], m.instrument, m.prefix+strconv.Itoa(m.last), buy, 2, cents, takingQ)
		return 1, m.request
	}
	at := m.random.Intn(max(len(m.resting), 1))
	if len(m.resting) == 0 {
		return 1, m.place(touched)
	}
	if dice < 18 {
		m.request = cancelRequest(m.request[:0], m.resting[at].id)
		m.resting[at] = m.resting[len(m.resting)-1]
		m.resting = m.resting[:len(m.resting)-1]
		return 3, m.request
	}
	*touched = m.resting[at]
	m.request = amendRequest(m.request[:0], m.instrument, m.resting[at].id, m.price(m.resting[at].buy))
	return 2, m.request
}

func (m *maker) place(entered *order) []byte {
	m.last++
	m.waiting++
	*entered = order{entering: true, clientID: m.prefix + strconv.Itoa(m.last), buy: m.random.Intn(2) == 0}
	m.request = placeRequest(m.request[:0], m.instrument, entered.clientID, entered.buy, 1, m.price(entered.buy), restingQ)
	return m.request
}

func (m *maker) price(buy bool) int64 {
	away := int64(1 + m.random.Intn(200))
	if buy {
		return middle - away
	}
	return middle + away
}

// learn takes in what became of a batch, and tells the reasons of what was refused. An order that is not open any more is
// touched no more.
func (m *maker) learn(results []result, touched []order) []uint64 {
	var refused []uint64
	for i, each := range results {
		if touched[i].entering {
			m.waiting--
		}
		if each.reason != 0 {
			refused = append(refused, each.reason)
			m.forget(touched[i].id)
		} else if touched[i].entering {
			m.resting = append(m.resting, order{id: each.orderID, buy: touched[i].buy})
		}
	}
	return refused
}

func (m *maker) forget(id string) {
	at := slices.IndexFunc(m.resting, func(one order) bool { return one.id == id })
	if id != "" && at >= 0 {
		m.resting = slices.Delete(m.resting, at, at+1)
	}
}
