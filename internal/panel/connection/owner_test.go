package connection

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// playground runs tenants that take a while to end.
type playground struct {
	mu      sync.Mutex
	owner   owner
	running int
	order   []int // which tenants ran
}

// start starts a tenant that runs until it is canceled, and then takes a second to end.
func (p *playground) start(t *testing.T, number int) *tenant {
	p.mu.Lock()
	defer p.mu.Unlock()
	tenant := p.owner.replace(t.Context())
	go func() {
		if tenant.await() {
			p.mu.Lock()
			p.running++
			p.order = append(p.order, number)
			require.Equal(t, 1, p.running)
			p.mu.Unlock()
			<-tenant.ctx.Done()
			time.Sleep(time.Second)
			p.mu.Lock()
			p.running--
			p.mu.Unlock()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.owner.release(tenant)
	}()
	return tenant
}

// ran returns which tenants ran until now.
func (p *playground) ran() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.order)
}

func (p *playground) end() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.owner.end()
}

func TestTenantsRunOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p playground
		first := p.start(t, 1)
		synctest.Wait()
		second, third := p.start(t, 2), p.start(t, 3)
		synctest.Wait()
		require.Error(t, first.ctx.Err())
		require.Equal(t, []int{1}, p.ran(), "the first one has not ended")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []int{1, 3}, p.ran(), "the third start came before the second could run")
		<-first.ended
		<-second.ended
		require.Same(t, third, p.owner.current)

		<-p.end()
		require.Zero(t, p.running)
		require.Nil(t, p.owner.current)
		<-p.end() // there is nothing to wait for
	})
}

func TestTheEndOfAWaitingTenantWaitsForTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p playground
		p.start(t, 1)
		synctest.Wait()
		p.start(t, 2)
		began := time.Now()
		<-p.end()
		require.Equal(t, time.Second, time.Since(began))
		require.Zero(t, p.running)
		require.Equal(t, []int{1}, p.ran())
	})
}

func TestAnEarlierTenantsEndLeavesTheCurrentOne(t *testing.T) {
	var o owner
	first := o.replace(t.Context())
	second := o.replace(t.Context())
	require.False(t, o.release(first))
	require.Same(t, second, o.current)
	require.NoError(t, second.ctx.Err())
	require.True(t, second.await())
	require.True(t, o.release(second))
	require.Nil(t, o.current)
}

// Many goroutines start and end tenants in any order; whatever they do, the last end leaves none.
func TestTenantsStartedFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p playground
		var starters sync.WaitGroup
		for number := range 20 {
			starters.Go(func() {
				time.Sleep(time.Duration(number%5) * 300 * time.Millisecond)
				p.start(t, number)
				if number%3 == 0 {
					<-p.end()
				}
			})
		}
		starters.Wait()
		<-p.end()
		require.Zero(t, p.running)
		require.Nil(t, p.owner.current)
		require.NotEmpty(t, p.order)
	})
}
