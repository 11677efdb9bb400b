package tokenizer

import "slices"

// symbol is a stretch of the text being merged, a node of a linked list.
type symbol struct {
	id         int32 // token, -1 where the stretch is none
	merged     int32 // token that it makes with its successor
	rank       int32 // of that merge, lowest first, -1 where there is none
	frozen     bool  // never merged
	start, end int   // bytes of the text
	prev, next int   // neighbours in merger.symbols, -1 at the ends
}

// merger does the merging of byte-pair encoding in n log n steps: the symbols
// are a linked list, and the possible merges wait in a heap. It is scratch,
// reused from word to word.
type merger struct {
	symbols []symbol
	queue   []uint64 // rank<<32 | index of the left symbol: lowest rank first, then leftmost
	cost    int      // look-ups and heap steps so far; the test of linearity counts them
}

// pairFunc returns the token that two neighbours make, and its rank.
type pairFunc func(left, right *symbol) (id, rank int32, ok bool)

// reset empties m for about n symbols.
func (m *merger) reset(n int) {
	m.symbols = slices.Grow(m.symbols[:0], n)
	m.queue = m.queue[:0]
}

// append adds a symbol at the end of the list.
func (m *merger) append(id int32, start, end int, frozen bool) {
	i := len(m.symbols)
	if i > 0 {
		m.symbols[i-1].next = i
	}
	m.symbols = append(m.symbols, symbol{id: id, rank: -1, frozen: frozen, start: start, end: end, prev: i - 1, next: -1})
}

// merge repeatedly replaces the neighbours with the lowest rank, the leftmost
// of equals, until pair knows none.
func (m *merger) merge(pair pairFunc) {
	for i := range len(m.symbols) - 1 {
		m.consider(i, pair)
	}
	for len(m.queue) > 0 {
		key := m.pop()
		i := int(uint32(key))
		left := &m.symbols[i]
		if left.rank != int32(key>>32) {
			continue // it or its successor was merged since
		}
		right := &m.symbols[left.next]
		left.id, left.end, left.next = left.merged, right.end, right.next
		right.rank = -1
		if left.next >= 0 {
			m.symbols[left.next].prev = i
		}
		m.consider(i, pair)
		if left.prev >= 0 {
			m.consider(left.prev, pair)
		}
	}
}

// consider notes and queues the merge of symbol i with its successor.
func (m *merger) consider(i int, pair pairFunc) {
	left := &m.symbols[i]
	left.rank = -1
	if left.next < 0 {
		return
	}
	m.cost++
	if id, rank, ok := pair(left, &m.symbols[left.next]); ok {
		left.merged, left.rank = id, rank
		m.push(uint64(rank)<<32 | uint64(uint32(i)))
	}
}

// push and pop are a heap of four children a node, whose numbers share a cache
// line; container/heap would allocate for each.
func (m *merger) push(key uint64) {
	m.queue = append(m.queue, key)
	q, i := m.queue, len(m.queue)-1
	for i > 0 && key < q[(i-1)/4] {
		m.cost++
		q[i] = q[(i-1)/4]
		i = (i - 1) / 4
	}
	q[i] = key
}

func (m *merger) pop() uint64 {
	top := m.queue[0]
	n := len(m.queue) - 1
	key := m.queue[n]
	m.queue = m.queue[:n]
	if n == 0 {
		return top
	}
	q, i := m.queue, 0
	for 4*i+1 < n {
		least := 4*i + 1
		for child := least + 1; child < min(4*i+5, n); child++ {
			if q[child] < q[least] {
				least = child
			}
		}
		if key <= q[least] {
			break
		}
		m.cost++
		q[i] = q[least]
		i = least
	}
	q[i] = key
	return top
}
