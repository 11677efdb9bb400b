package hub

import "time"

// State says what a download is doing.
type State uint8

// The states of a download that runs.
const (
	Fetching State = iota
	Checking       // reading what came, to compare its checksum
	Waiting        // for another try
)

// Progress says how far a download has come.
type Progress struct {
	State       State
	Done, Total int64         // bytes of all files
	Rate        float64       // bytes a second, of the last seconds; 0 for not known
	Left        time.Duration // at that rate; 0 for not known
	Err         error         // why it waits
	Wait        time.Duration // how long it waits
}

const (
	reportEvery = 200 * time.Millisecond
	rateOver    = 5 * time.Second
)

// meter adds up the bytes of all files and their speed.
type meter struct {
	report   func(Progress)
	p        Progress
	before   int64 // bytes of the files that are done
	current  int64 // bytes of the current file
	reported time.Time
	samples  []sample // bytes that came, of the last seconds
	arrived  int64    // bytes that came in all
}

type sample struct {
	at      time.Time
	arrived int64
}

func newMeter(total int64, report func(Progress)) *meter {
	m := &meter{report: report, p: Progress{Total: total}}
	if report == nil {
		m.report = func(Progress) {}
	}
	return m
}

func (m *meter) tell(now bool) {
	t := time.Now()
	if !now && t.Sub(m.reported) < reportEvery {
		return
	}
	m.reported = t
	m.p.Done = m.before + m.current
	m.p.Rate, m.p.Left = 0, 0
	if m.p.State == Fetching {
		m.samples = append(m.samples, sample{t, m.arrived})
		for len(m.samples) > 2 && t.Sub(m.samples[0].at) > rateOver {
			m.samples = m.samples[1:]
		}
		first := m.samples[0]
		if d := t.Sub(first.at).Seconds(); d >= 0.5 && m.arrived > first.arrived {
			m.p.Rate = float64(m.arrived-first.arrived) / d
			m.p.Left = time.Duration(float64(m.p.Total-m.p.Done) / m.p.Rate * float64(time.Second))
		}
	}
	m.report(m.p)
}

// at reports that this many bytes of the current file are here.
func (m *meter) at(bytes int64) {
	m.current, m.p.State, m.p.Err, m.p.Wait = bytes, Fetching, nil, 0
	m.tell(true)
}

// add says that bytes came.
func (m *meter) add(bytes int64) {
	m.current += bytes
	m.arrived += bytes
	m.tell(false)
}

// found says that the current file was there.
func (m *meter) found(bytes int64) { m.current = bytes }

// finished says that the current file, of this many bytes, is done.
func (m *meter) finished(bytes int64) {
	m.before, m.current = m.before+bytes, 0
	m.tell(true)
}

func (m *meter) checking() {
	m.p.State = Checking
	m.tell(true)
}

// waiting says that nothing comes for a while; the speed is counted afresh after it.
func (m *meter) waiting(err error, wait time.Duration) {
	m.p.State, m.p.Err, m.p.Wait, m.samples = Waiting, err, wait, nil
	m.tell(true)
}
